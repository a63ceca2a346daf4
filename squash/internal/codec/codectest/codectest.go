// Package codectest is the suite that every block decoder runs.
package codectest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Contents are what blocks may hold: nothing that repeats, nothing else, and what lies between.
func Contents() [][]byte {
	noise := make([]byte, 9000)
	rand.NewChaCha8([32]byte{7}).Read(noise)
	return [][]byte{
		[]byte("a"), []byte("Hello, Hello, Hello, Hello!"), make([]byte, 1<<20), noise,
		[]byte(strings.Repeat("The quick brown fox. ", 6000)), append(bytes.Clone(noise), make([]byte, 100_000)...),
	}
}

// Test checks d against the contract of codec.Decoder; encode packs a block. A format without a
// checksum can not tell that it was cut short behind a whole number of its parts, so only that it
// never gives more than there is room for is asked of broken streams.
func Test(t *testing.T, d codec.Decoder, encode func(t testing.TB, p []byte) []byte) {
	for i, want := range Contents() {
		packed := encode(t, want)
		t.Run(fmt.Sprintf("content %d", i), func(t *testing.T) {
			testDecode(t, d, packed, want)
			testTooLong(t, d, packed, want)
			testBroken(t, d, packed, len(want))
		})
	}
	t.Run("concurrent", func(t *testing.T) {
		var wg sync.WaitGroup
		for _, want := range Contents() {
			packed := encode(t, want)
			for range 3 {
				wg.Go(func() { testDecode(t, d, packed, want) })
			}
		}
		wg.Wait()
	})
}

func testDecode(t *testing.T, d codec.Decoder, packed, want []byte) {
	for _, room := range []int{0, 1, 5000} {
		dst := make([]byte, len(want)+room)
		if n, err := d.Decode(dst, packed); err != nil || !bytes.Equal(dst[:n], want) {
			t.Errorf("Decode into %d bytes = %d, %v, want the right %d", len(dst), n, err, len(want))
		}
	}
}

func testTooLong(t *testing.T, d codec.Decoder, packed, want []byte) {
	room := newGuarded(t, len(want))
	for _, less := range []int{1, len(want) / 2} {
		dst := room.tail(len(want) - less)
		if _, err := d.Decode(dst, packed); less > 0 && err == nil {
			t.Errorf("Decode of %d bytes into %d succeeds", len(want), len(dst))
		}
	}
}

// testBroken only looks for panics, endless loops and what lies outside of the slices.
func testBroken(t *testing.T, d codec.Decoder, packed []byte, n int) {
	src, dst := newGuarded(t, len(packed)), newGuarded(t, n)
	r := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		p := src.put(packed[:r.IntN(len(packed)+1)])
		if len(p) > 0 {
			p[r.IntN(len(p))] ^= byte(r.IntN(256))
		}
		d.Decode(dst.tail(n), p)
		d.Decode(dst.head(n), p)
	}
}

// What a fuzzed stream and its block may have, in bytes.
const (
	maxFuzzed = 64 << 10
	maxRoom   = 128 << 10
)

// Fuzz looks for streams that make d panic, return an impossible length, touch what lies outside of
// its slices, or let shine through what was in dst before.
func Fuzz(f *testing.F, d codec.Decoder, encode func(t testing.TB, p []byte) []byte) {
	for _, p := range Contents()[:2] {
		f.Add(encode(f, p), 100)
	}
	packed, room := newGuarded(f, maxFuzzed), newGuarded(f, maxRoom)
	f.Fuzz(func(t *testing.T, p []byte, size int) {
		src := packed.put(p[:min(len(p), maxFuzzed)])
		size &= maxRoom - 1
		n, err := d.Decode(fill(room.head(size), 0), src)
		if n < 0 || n > size && !errors.Is(err, codec.ErrTooLong) {
			t.Fatalf("Decode into %d bytes = %d, %v", size, n, err)
		}
		if !bytes.Equal(src, p[:len(src)]) {
			t.Error("Decode changed its source")
		}
		if err != nil {
			d.Decode(room.tail(size), src)
			return
		}
		first := bytes.Clone(room.head(n))
		k, err := d.Decode(fill(room.tail(size), 0xff), src)
		if err != nil || !bytes.Equal(room.tail(size)[:k], first) {
			t.Errorf("Decode again = %d, %v, or other bytes than the %d before", k, err, n)
		}
	})
}
