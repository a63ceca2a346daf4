package verify

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a source that takes a second for each read.
type slow struct {
	*bytesSource
	reads atomic.Int64
}

func (s *slow) ReadAt(ctx context.Context, p []byte, off int64) error {
	s.reads.Add(1)
	time.Sleep(time.Second)
	return s.bytesSource.ReadAt(ctx, p, off)
}

// TestNextRunIsFetchedAhead has a reader work on each leaf as long as a tenth of a fetch takes: once he is
// known to read in order, he waits no more.
func TestNextRunIsFetchedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, image, _ := object(t, 200*leaf, Config{CacheBytes: 64 * leaf, RunBytes: 32 * leaf, InFlightBytes: 64 * leaf})
		s := &slow{bytesSource: image}
		o.origin.(*Remote).image = s
		waits := 0
		for off := int64(0); off < o.Size(); off += leaf {
			began := time.Now()
			if err := o.ReadAt(context.Background(), make([]byte, leaf), off); err != nil {
				t.Fatal(err)
			}
			if time.Since(began) > 0 {
				waits++
			}
			time.Sleep(time.Second / 10)
		}
		if waits > 6 {
			t.Errorf("waited %d times, want only for the first six runs", waits)
		}
		if n := s.reads.Load(); n > 12 {
			t.Errorf("%d fetches, want no more than without", n)
		}
		o.Close()
	})
}

// TestRunsShareTheCache: many readers in order get shorter runs, so that what one is about to read does not
// push out what another one is.
func TestRunsShareTheCache(t *testing.T) {
	r := runs{max: 64, hold: 128}
	last := make([]int, 8)
	next := make([]int64, len(last))
	for i := range next {
		next[i] = int64(i) << 20
	}
	for range 20 {
		for i := range last {
			last[i] = r.plan(next[i], 1)
			next[i] += int64(last[i])
		}
	}
	for i, n := range last {
		if n != 128/2/len(last) {
			t.Errorf("reader %d of %d gets runs of %d leaves, want %d", i, len(last), n, 128/2/len(last))
		}
	}
	for range lately {
		last[0] = r.plan(next[0], 1)
		next[0] += int64(last[0])
	}
	if last[0] != 64 {
		t.Errorf("when the others have gone, a reader gets runs of %d leaves, want 64", last[0])
	}
}
