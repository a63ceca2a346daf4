package codectest

import (
	"math"
	"runtime"
	"testing"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Allocs checks that d needs no memory of its own for a block once it is warm: among some blocks one
// after the other there must be one without. Not all of them, as a sync.Pool may forget what it
// holds at any time, and under the race detector does so on purpose.
func Allocs(t *testing.T, d codec.Decoder, encode func(t testing.TB, p []byte) []byte) {
	for i, want := range Contents() {
		packed, dst := encode(t, want), make([]byte, len(want))
		least := math.Inf(1)
		for range 100 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := d.Decode(dst, packed); err != nil {
					t.Fatal(err)
				}
			}))
			if least == 0 {
				break
			}
		}
		if least > 0 {
			t.Errorf("content %d: %v allocations for a block, want none", i, least)
		}
	}
}

const (
	bombSize = 64 << 20 // bytes that a bomb decodes to
	bombRoom = 4 << 10  // bytes there are for it
	bombMost = 1 << 20  // bytes of memory that refusing it may take, in a decoder's first call
)

// Bomb checks that a stream that holds far more than its block may have is refused without taking
// the memory for it.
func Bomb(t *testing.T, d codec.Decoder, encode func(t testing.TB, p []byte) []byte) {
	packed := encode(t, make([]byte, bombSize))
	dst := make([]byte, bombRoom)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := d.Decode(dst, packed)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Errorf("Decode of %d bytes into %d = %d, want an error", bombSize, bombRoom, n)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > bombMost {
		t.Errorf("Decode of %d bytes into %d took %d bytes of memory, want at most %d", bombSize, bombRoom, took, bombMost)
	}
}
