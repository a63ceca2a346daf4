package verify

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"go.uber.org/goleak"
)

const leaf = manifest.LeafSize

var imageAt = fetch.Location{URL: "test://image"}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bytesSource serves b and notes the ranges asked for; tamper may change an answer.
type bytesSource struct {
	b      []byte
	mu     sync.Mutex
	asked  [][2]int64
	tamper func(call int, p []byte, off int64) error
	gate   chan struct{} // if set, each read waits for it
}

func (s *bytesSource) Size() int64 { return int64(len(s.b)) }

func (s *bytesSource) ReadAt(ctx context.Context, p []byte, off int64) error {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, [2]int64{off, int64(len(p))})
	copy(p, s.b[off:])
	if s.tamper != nil {
		return s.tamper(len(s.asked), p, off)
	}
	return nil
}

func (s *bytesSource) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// object makes an Object over n pseudo-random bytes with its two sources.
func object(t *testing.T, n int, cfg Config) (o *Object, image, file *bytesSource) {
	t.Helper()
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	built, err := manifest.Build(t.Context(), bytes.NewReader(b), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	image, file = &bytesSource{b: b}, &bytesSource{b: built.Bytes()}
	return New(built.Manifest, imageAt, NewRemote(built.Manifest, image, file, imageAt, fetch.Location{URL: "test://manifest"}), cfg), image, file
}

func TestReadAt(t *testing.T) {
	for _, size := range []int{0, 1, leaf - 1, leaf, leaf + 1, 5*leaf + 77} {
		o, image, _ := object(t, size, Config{})
		for range 200 {
			off := rand.Int64N(int64(size) + 1)
			p := make([]byte, rand.Int64N(int64(size)-off+1))
			if err := o.ReadAt(t.Context(), p, off); err != nil {
				t.Fatalf("size %d: ReadAt(%d+%d) = %v", size, off, len(p), err)
			}
			if !bytes.Equal(p, image.b[off:][:len(p)]) {
				t.Fatalf("size %d: ReadAt(%d+%d) gave other bytes", size, off, len(p))
			}
		}
		for _, r := range [][2]int64{{-1, 1}, {0, int64(size) + 1}, {int64(size), 1}, {int64(size) + 1, 0}} {
			if err := o.ReadAt(t.Context(), make([]byte, r[1]), r[0]); err == nil {
				t.Errorf("size %d: ReadAt(%d+%d) succeeded outside the image", size, r[0], r[1])
			}
		}
	}
}

func TestFlippedBitIsCaughtEverywhere(t *testing.T) {
	o, image, _ := object(t, 3*leaf+9, Config{})
	for _, at := range []int{0, leaf - 1, leaf, 2*leaf + 5, 3 * leaf, 3*leaf + 8} {
		image.b[at] ^= 4
		o.leaves = byArrival[Block](8)
		err := o.ReadAt(t.Context(), make([]byte, 1), int64(at))
		var corrupt *manifest.CorruptError
		if !errors.Is(err, fetch.ErrCorrupt) || !errors.As(err, &corrupt) || corrupt.Index != int64(at/leaf) {
			t.Errorf("byte %d flipped: ReadAt = %v, want corrupt leaf %d", at, err, at/leaf)
		}
		image.b[at] ^= 4
		if err := o.ReadAt(t.Context(), make([]byte, 1), int64(at)); err != nil {
			t.Errorf("byte %d mended: ReadAt = %v, want the next read to succeed", at, err)
		}
	}
}

func TestFlippedBitInTree(t *testing.T) {
	o, _, file := object(t, 3*leaf, Config{})
	file.b[manifest.DescriptorSize+40] ^= 1
	if err := o.ReadAt(t.Context(), make([]byte, 1), 0); !errors.Is(err, fetch.ErrCorrupt) {
		t.Errorf("ReadAt = %v, want corrupt", err)
	}
}

func TestFlawOfTransportHeals(t *testing.T) {
	o, image, _ := object(t, 3*leaf, Config{})
	image.tamper = func(call int, p []byte, _ int64) error {
		if call == 1 {
			p[7] ^= 1
		}
		return nil
	}
	p := make([]byte, 3*leaf)
	if err := o.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, image.b) {
		t.Errorf("ReadAt = %v, want the bytes after one more fetch", err)
	}
	if image.calls() != 2 {
		t.Errorf("%d fetches, want 2", image.calls())
	}
}

func TestOneBadLeafSparesItsRun(t *testing.T) {
	o, image, _ := object(t, 8*leaf, Config{})
	image.b[5*leaf] ^= 1
	if err := o.ReadAt(t.Context(), make([]byte, 8*leaf), 0); !errors.Is(err, fetch.ErrCorrupt) {
		t.Fatalf("ReadAt of all = %v, want corrupt", err)
	}
	if err := o.ReadAt(t.Context(), make([]byte, 5*leaf), 0); err != nil {
		t.Errorf("ReadAt before the bad leaf = %v", err)
	}
	if err := o.ReadAt(t.Context(), make([]byte, 2*leaf), 6*leaf); err != nil {
		t.Errorf("ReadAt behind the bad leaf = %v", err)
	}
}

// The price of reading is part of the behaviour.
func TestSequentialReadsGrow(t *testing.T) {
	o, image, file := object(t, 64*leaf, Config{RunBytes: 16 * leaf})
	p := make([]byte, leaf/4)
	for off := int64(0); off < o.Size(); off += int64(len(p)) {
		if err := o.ReadAt(t.Context(), p, off); err != nil {
			t.Fatal(err)
		}
	}
	var runs []int64
	for _, a := range image.asked {
		runs = append(runs, a[1]/leaf)
	}
	if want := []int64{1, 2, 4, 8, 16, 16, 16, 1}; !equal(runs, want) {
		t.Errorf("runs of %v leaves, want %v", runs, want)
	}
	if file.calls() != 1 {
		t.Errorf("%d fetches of the tree, want 1", file.calls())
	}
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestRandomReadsTakeOneLeaf(t *testing.T) {
	o, image, _ := object(t, 64*leaf, Config{})
	for _, i := range []int64{40, 3, 17, 60, 9} {
		if err := o.ReadAt(t.Context(), make([]byte, 100), i*leaf+5); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range image.asked {
		if a[1] != leaf {
			t.Errorf("fetched %d bytes at %d, want one leaf", a[1], a[0])
		}
	}
}

func TestConcurrentReadersShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, leaf, Config{})
		image.gate = make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := o.ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(image.gate)
		wg.Wait()
		if image.calls() != 1 {
			t.Errorf("%d fetches for 20 readers, want 1", image.calls())
		}
	})
}

func TestSharedFetchOutlivesTheImpatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, leaf, Config{})
		image.gate = make(chan struct{})
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := o.ReadAt(first, make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
				t.Errorf("impatient ReadAt = %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if err := o.ReadAt(t.Context(), make([]byte, 1), 0); err != nil {
				t.Errorf("patient ReadAt = %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(image.gate)
		wg.Wait()
	})
}

func TestLastOneOutCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, leaf, Config{})
		image.gate = make(chan struct{}) // never opened: only cancellation ends the fetch
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.ReadAt(ctx, make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
			t.Errorf("ReadAt = %v, want context.Canceled", err)
		}
		o.Close()
		image.gate = nil
		if err := o.ReadAt(t.Context(), make([]byte, 1), 0); err != nil {
			t.Errorf("ReadAt afterwards = %v, want success: a failed read is not remembered", err)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	o, image, _ := object(t, 32*leaf, Config{CacheBytes: 4 * leaf, RunBytes: leaf})
	for i := range int64(32) {
		if err := o.ReadAt(t.Context(), make([]byte, 1), i*leaf); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.leaves.order.Len(); n != 4 {
		t.Errorf("%d leaves cached, want 4", n)
	}
	before := image.calls()
	if err := o.ReadAt(t.Context(), make([]byte, 1), 31*leaf); err != nil || image.calls() != before {
		t.Errorf("reading the newest leaf again: %v, %d fetches, want none", err, image.calls()-before)
	}
}

// TestRunLargerThanTheCache: what was fetched for a read serves it, whatever the cache keeps.
func TestRunLargerThanTheCache(t *testing.T) {
	o, image, _ := object(t, 8*leaf, Config{CacheBytes: leaf})
	p := make([]byte, 6*leaf)
	if err := o.ReadAt(t.Context(), p, leaf+7); err != nil || !bytes.Equal(p, image.b[leaf+7:][:len(p)]) {
		t.Errorf("ReadAt = %v, want the bytes", err)
	}
	if image.calls() != 1 {
		t.Errorf("%d fetches for one read, want 1", image.calls())
	}
}

func BenchmarkReadAtCold(b *testing.B) {
	data := make([]byte, 64<<20)
	built, err := manifest.Build(b.Context(), bytes.NewReader(data), manifest.BuildConfig{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	p := make([]byte, 1<<20)
	for b.Loop() {
		o := New(built.Manifest, imageAt, NewRemote(built.Manifest, &bytesSource{b: data}, &bytesSource{b: built.Bytes()}, imageAt, imageAt), Config{})
		for off := int64(0); off < o.Size(); off += int64(len(p)) {
			if err := o.ReadAt(b.Context(), p, off); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestHungFetchIsReplaced: readers that keep coming join a fetch that hangs, but only until the
// deadline of the one that started it.
func TestHungFetchIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, leaf, Config{})
		hung := make(chan struct{}) // never closed
		image.gate = hung
		within := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return o.ReadAt(ctx, make([]byte, 1), 0)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := within(3 * time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the first reader gets %v, want its deadline", err)
			}
		})
		synctest.Wait()
		image.gate = nil // the next fetch goes through
		wg.Go(func() {
			if err := within(4 * time.Second); err != nil {
				t.Errorf("the second reader, with time left when the first fetch ends, gets %v", err)
			}
		})
		wg.Wait()
		o.Close()
	})
}

// refusing answers only when it is told to give up, and says why it could not.
type refusing struct{ bytesSource }

func (*refusing) ReadAt(ctx context.Context, _ []byte, _ int64) error {
	<-ctx.Done()
	return fetch.ErrUnavailable
}

func TestReaderLearnsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _, _ := object(t, leaf, Config{})
		o.origin.(*Remote).image = &refusing{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := o.ReadAt(ctx, make([]byte, 1), 0); !errors.Is(err, fetch.ErrUnavailable) {
			t.Errorf("ReadAt = %v, want what the source says at the deadline", err)
		}
		o.Close()
	})
}

// TestJoinedFetchGivesUpEarly: a fetch fails before its deadline, since no further attempt would fit in; a
// reader who joined it has time for one.
func TestJoinedFetchGivesUpEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, leaf, Config{})
		image.tamper = func(int, []byte, int64) error { return fetch.ErrUnavailable }
		image.gate = make(chan struct{})
		var readers sync.WaitGroup
		for _, d := range []time.Duration{5 * time.Second, 20 * time.Second} {
			readers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				err := o.ReadAt(ctx, make([]byte, 1), 0)
				if late := d > 5*time.Second; late != (err == nil) {
					t.Errorf("the reader with %v gets %v", d, err)
				}
			})
			synctest.Wait()
		}
		image.gate <- struct{}{} // long before the deadline of either
		synctest.Wait()
		image.mu.Lock()
		image.tamper = nil
		image.mu.Unlock()
		close(image.gate)
		readers.Wait()
		o.Close()
	})
}
