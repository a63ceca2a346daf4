package blockcache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// counting returns a cache of strings of capacity bytes and how often each key was loaded.
func counting(capacity int64) (*Cache[int, string], *[1000]atomic.Int64) {
	var loads [1000]atomic.Int64
	return New(Config[int, string]{
		Capacity: capacity, Largest: 1 << 40, // one shard
		Load: func(_ context.Context, key int) (string, error) {
			loads[key].Add(1)
			return string(make([]byte, 100)), nil
		},
		Size: func(s string) int64 { return int64(len(s)) },
	}), &loads
}

func get(t *testing.T, c *Cache[int, string], key int) {
	t.Helper()
	if _, err := c.Get(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	c, loads := counting(3 * (100 + overhead))
	for _, key := range []int{1, 2, 3, 1, 4, 1, 3, 4, 2} { // 4 pushes 2 out, 2 then 1
		get(t, c, key)
	}
	for key, want := range map[int]int64{1: 1, 2: 2, 3: 1, 4: 1} {
		if got := loads[key].Load(); got != want {
			t.Errorf("key %d was loaded %d times, want %d", key, got, want)
		}
	}
	if used := c.shards[0].used; used > 3*(100+overhead) {
		t.Errorf("%d bytes are used", used)
	}
}

func TestTooLargeIsNotKept(t *testing.T) {
	c, loads := counting(100)
	get(t, c, 1)
	get(t, c, 1)
	if got := loads[1].Load(); got != 2 || c.shards[0].used != 0 {
		t.Errorf("loaded %d times, %d bytes used", got, c.shards[0].used)
	}
}

func TestErrorIsNotKept(t *testing.T) {
	fail := errors.New("once")
	calls := 0
	c := New(Config[int, int]{Capacity: 1000, Size: func(int) int64 { return 1 }, Load: func(context.Context, int) (int, error) {
		calls++
		if calls == 1 {
			return 0, fail
		}
		return 7, nil
	}})
	if _, err := c.Get(t.Context(), 1); err != fail {
		t.Errorf("first Get = %v, want %v", err, fail)
	}
	if v, err := c.Get(t.Context(), 1); v != 7 || err != nil {
		t.Errorf("second Get = %d, %v", v, err)
	}
}

// blocking returns a cache whose loads wait for release or their ctx.
func blocking(release chan struct{}, started, cancelled *atomic.Int64) *Cache[int, int] {
	return New(Config[int, int]{Capacity: 1000, Size: func(int) int64 { return 1 }, Load: func(ctx context.Context, key int) (int, error) {
		started.Add(1)
		select {
		case <-release:
			return key * 2, nil
		case <-ctx.Done():
			cancelled.Add(1)
			return 0, ctx.Err()
		}
	}})
}

func TestJoinedLoadSurvivesItsFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var started, cancelled atomic.Int64
		c := blocking(release, &started, &cancelled)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Get(ctx, 4); err != context.Canceled {
				t.Errorf("the first caller got %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				if v, err := c.Get(t.Context(), 4); v != 8 || err != nil {
					t.Errorf("Get = %d, %v", v, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		wg.Wait()
		if started.Load() != 1 || cancelled.Load() != 0 {
			t.Errorf("%d loads, %d cancelled", started.Load(), cancelled.Load())
		}
	})
}

func TestLoadEndsWithItsLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var started, cancelled atomic.Int64
		c := blocking(release, &started, &cancelled)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := c.Get(ctx, 4); err != context.Canceled {
					t.Errorf("Get = %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		synctest.Wait()
		if started.Load() != 1 || cancelled.Load() != 1 {
			t.Errorf("%d loads, %d cancelled", started.Load(), cancelled.Load())
		}
		close(release)
		if v, err := c.Get(t.Context(), 4); v != 8 || err != nil {
			t.Errorf("afterwards Get = %d, %v", v, err)
		}
	})
}
