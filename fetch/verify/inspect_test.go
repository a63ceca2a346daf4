package verify

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

func TestInspectGoesPastCorruptLeaves(t *testing.T) {
	o, image, _ := object(t, 100*leaf+7, Config{})
	want := []int64{0, 31, 32, 99, 100}
	for _, index := range want {
		image.b[index*leaf+3] ^= 1
	}
	var mu sync.Mutex
	var got []int64
	var read atomic.Int64
	err := o.Inspect(t.Context(), Inspection{
		Step: func(n int64) { read.Add(n) },
		Bad: func(err *manifest.CorruptError) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, err.Index)
		},
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) || read.Load() != o.Size() {
		t.Errorf("Inspect = %v, bad leaves %v of %d bytes, want %v of %d", err, got, read.Load(), want, o.Size())
	}
}

func TestInspectEndsAtWhatIsNoLeaf(t *testing.T) {
	o, _, file := object(t, 3*leaf, Config{})
	file.b[manifest.DescriptorSize] ^= 1
	bad := func(err *manifest.CorruptError) { t.Errorf("leaf %d is blamed for its hash", err.Index) }
	if err := o.Inspect(t.Context(), Inspection{Bad: bad}); !errors.Is(err, fetch.ErrCorrupt) {
		t.Errorf("Inspect over a corrupt hash block = %v, want corrupt", err)
	}
	gone := &fetch.OverwrittenError{Gone: true}
	o, image, _ := object(t, 3*leaf, Config{})
	image.tamper = func(int, []byte, int64) error { return gone }
	if err := o.Inspect(t.Context(), Inspection{Bad: bad}); !errors.Is(err, fetch.ErrOverwritten) {
		t.Errorf("Inspect of an overwritten object = %v", err)
	}
}
