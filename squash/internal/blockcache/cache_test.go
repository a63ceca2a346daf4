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
		Load: func(_ context.Context, key int, _ <-chan struct{}) (string, error) {
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

// TestUsedStaysUnusedGoes keeps using two values while a hundred others pass through.
func TestUsedStaysUnusedGoes(t *testing.T) {
	c, loads := counting(5 * (100 + overhead))
	for key := range 100 {
		get(t, c, 900)
		get(t, c, 901)
		get(t, c, key)
	}
	get(t, c, 99) // still there
	get(t, c, 50) // long gone
	for key, want := range map[int]int64{900: 1, 901: 1, 50: 2, 99: 1} {
		if got := loads[key].Load(); got != want {
			t.Errorf("key %d was loaded %d times, want %d", key, got, want)
		}
	}
}

// TestAheadWaitsForItsUse loads a value ahead of each one that is used once: it stays until it is used,
// once, while others that were used twice do not outlive their next round.
func TestAheadWaitsForItsUse(t *testing.T) {
	const distance = 3
	c, loads := counting((2 * distance) * (100 + overhead))
	ended := make(chan bool)
	for key := range 100 {
		c.Ahead(t.Context(), key+distance, func() { go func() { ended <- true }() })
		<-ended
		get(t, c, key)
	}
	for key := range 100 {
		if got := loads[key].Load(); got != 1 {
			t.Errorf("key %d was loaded %d times, want once", key, got)
		}
	}
}

// TestCapacityIsHonoured counts what is kept of values of many sizes.
func TestCapacityIsHonoured(t *testing.T) {
	const capacity = 100_000
	c := New(Config[int, int]{
		Capacity: capacity, Largest: 5000, Size: func(n int) int64 { return int64(n) },
		Load: func(_ context.Context, key int, _ <-chan struct{}) (int, error) { return key * 37 % 5000, nil },
	})
	for i := range 20_000 {
		if _, err := c.Get(t.Context(), i*i%1999); err != nil {
			t.Fatal(err)
		}
		var bytes, counted int64
		for i := range c.shards {
			bytes += c.shards[i].bytes
			for n := c.shards[i].hand.next; n != &c.shards[i].hand; n = n.next {
				counted += n.size
			}
		}
		if bytes > capacity || bytes != counted {
			t.Fatalf("%d bytes are said to be used, %d are, of %d", bytes, counted, capacity)
		}
	}
}

func TestTooLargeIsNotKept(t *testing.T) {
	c, loads := counting(100)
	get(t, c, 1)
	get(t, c, 1)
	if got := loads[1].Load(); got != 2 || c.shards[0].bytes != 0 {
		t.Errorf("loaded %d times, %d bytes used", got, c.shards[0].bytes)
	}
}

func TestErrorIsNotKept(t *testing.T) {
	fail := errors.New("once")
	calls := 0
	c := New(Config[int, int]{Capacity: 1000, Size: func(int) int64 { return 1 }, Load: func(context.Context, int, <-chan struct{}) (int, error) {
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
	return New(Config[int, int]{Capacity: 1000, Size: func(int) int64 { return 1 }, Load: func(ctx context.Context, key int, _ <-chan struct{}) (int, error) {
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

// TestAhead loads what nobody waits for yet, once, and tells the load when somebody does.
func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started, urgent, ended atomic.Int64
		c := New(Config[int, int]{Capacity: 1000, Size: func(int) int64 { return 1 }, Load: func(_ context.Context, key int, wanted <-chan struct{}) (int, error) {
			started.Add(1)
			<-wanted
			urgent.Add(1)
			return key * 2, nil
		}})
		ahead := func() { c.Ahead(t.Context(), 4, func() { ended.Add(1) }) }
		ahead()
		ahead() // on its way
		synctest.Wait()
		if started.Load() != 1 || urgent.Load() != 0 || ended.Load() != 1 {
			t.Errorf("%d loads, %d of them urgent, %d ended, want 1, 0, 1", started.Load(), urgent.Load(), ended.Load())
		}
		if v, err := c.Get(t.Context(), 4); v != 8 || err != nil {
			t.Errorf("Get = %d, %v", v, err)
		}
		synctest.Wait()
		ahead() // there
		if started.Load() != 1 || urgent.Load() != 1 || ended.Load() != 3 {
			t.Errorf("%d loads, %d of them urgent, %d ended, want 1, 1, 3", started.Load(), urgent.Load(), ended.Load())
		}
	})
}
