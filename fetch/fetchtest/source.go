package fetchtest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// TestSource holds src to the contract of fetch.Source. Its object has the bytes want, and reads of
// it succeed.
func TestSource(t *testing.T, src fetch.Source, want []byte) {
	t.Helper()
	size := int64(len(want))
	if src.Size() != size {
		t.Fatalf("Size() = %d, want %d", src.Size(), size)
	}
	wantRange(t, src, want, 0, size)
	wantRange(t, src, want, 0, 0)
	wantRange(t, src, want, size, 0)
	if size > 0 {
		wantRange(t, src, want, 0, 1)
		wantRange(t, src, want, size-1, 1)
		wantRange(t, src, want, size/2, size-size/2)
	}
	testOutside(t, src, size)
	testConcurrent(t, src, want)
	if size > 0 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantCancelled(t, "ReadAt", src.ReadAt(ctx, make([]byte, 1), 0))
	}
}

// wantRange reads n bytes at off.
func wantRange(t *testing.T, src fetch.Source, want []byte, off, n int64) {
	t.Helper()
	p := make([]byte, n)
	if err := src.ReadAt(t.Context(), p, off); err != nil {
		t.Errorf("ReadAt(%d bytes at %d): %v", n, off, err)
	} else if !bytes.Equal(p, want[off:off+n]) {
		t.Errorf("ReadAt(%d bytes at %d) fills in wrong bytes", n, off)
	}
}

// testOutside: a range that is not wholly inside is an error without a verdict.
func testOutside(t *testing.T, src fetch.Source, size int64) {
	t.Helper()
	for _, r := range []struct{ off, n int64 }{{-1, 1}, {size, 1}, {size - 1, 2}, {0, size + 1}, {1 << 62, 1}, {-1 << 63, 1}} {
		wantVerdict(t, "ReadAt outside", src.ReadAt(t.Context(), make([]byte, r.n), r.off), "")
	}
}

func testConcurrent(t *testing.T, src fetch.Source, want []byte) {
	t.Helper()
	size := int64(len(want))
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 5 {
				off := rand.Int64N(size + 1)
				wantRange(t, src, want, off, min(rand.Int64N(300<<10)+1, size-off))
			}
		})
	}
	readers.Wait()
}

func testStoreSource(t *testing.T, s fetch.Store) {
	for _, n := range []int{1, 100, 131072, 300000} {
		content := Random(n, 1)
		loc := put(t, s, "object"+string(rune('a'+n%26)), content)
		TestSource(t, open(t, s, loc), content)
	}
}

func testSourceEmpty(t *testing.T, s fetch.Store) {
	TestSource(t, open(t, s, put(t, s, "empty", nil)), nil)
}

func testSourceForeign(t *testing.T, s fetch.Store) {
	loc := put(t, s, "object", Random(10, 1))
	for _, url := range []string{"", "object", s.URL(), s.URL() + "x/object", "http://elsewhere/object"} {
		if _, err := s.Open(fetch.Location{URL: url, Size: 10}); err == nil {
			t.Errorf("Open(%q) in %s succeeds", url, s.URL())
		}
	}
	loc.Size = -1
	if _, err := s.Open(loc); err == nil {
		t.Error("Open of size -1 succeeds")
	}
}
