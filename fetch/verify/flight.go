package verify

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// flight joins concurrent fetches: whoever needs a unit that is being fetched waits for that fetch
// instead of starting its own. A fetch covers one run of units. It lives on a context of its own,
// outlives an impatient caller and is cancelled when the last one has left. It has the deadline of
// the caller that started it, so that one that hangs is replaced by the next caller's.
type flight[V any] struct {
	mu      sync.Mutex
	calls   map[int64]*call[V] // guarded by mu; every unit of a run points to its call
	running sync.WaitGroup
}

// call is one fetch of the units first, first+1, ...
type call[V any] struct {
	first   int64
	n       int
	done    chan struct{} // closed when results are in
	results []Result[V]   // written before done is closed
	until   time.Time     // it gives up then; zero for never
	cancel  context.CancelFunc
	waiters int // guarded by flight.mu
}

// fetcher says how a flight gets its units.
type fetcher[V any] struct {
	cached func(index int64) (V, bool)
	plan   func(index int64) int                                     // how many units from index on to fetch at once, at least 1
	fetch  func(ctx context.Context, index int64, n int) []Result[V] // 1..n results, each its own success or failure
	keep   func(index int64, v V)                                    // puts a success into the cache
}

// unit returns unit index: cached, from a running fetch, or from a new one. What that fetch has of the
// units behind it comes along, since a cache may be smaller than a run.
func (f *flight[V]) unit(ctx context.Context, index int64, how fetcher[V]) (v V, behind []Result[V], err error) {
	for {
		v, behind, again, err := f.try(ctx, index, how)
		if !again {
			return v, behind, err
		}
		if ctx.Err() != nil {
			return v, nil, cmp.Or(err, context.Cause(ctx))
		}
	}
}

// try is one attempt of unit; again says that it failed by the deadline of somebody else, or that the
// fetch stopped before it came to the unit.
func (f *flight[V]) try(ctx context.Context, index int64, how fetcher[V]) (v V, behind []Result[V], again bool, err error) {
	f.mu.Lock()
	c, running := f.calls[index]
	if !running {
		if v, ok := how.cached(index); ok {
			f.mu.Unlock()
			return v, nil, false, nil
		}
		c = f.start(ctx, index, how)
	}
	c.waiters++
	f.mu.Unlock()
	defer f.leave(c)

	select {
	case <-c.done:
		at := int(index - c.first)
		if at >= len(c.results) {
			return v, nil, true, nil
		}
		r := c.results[at]
		return r.Value, c.results[at+1:], running && c.gaveUpBefore(ctx, r.Err), r.Err
	case <-ctx.Done():
		return v, nil, false, context.Cause(ctx)
	}
}

// gaveUpBefore reports whether c failed for want of time, of which ctx has more.
func (c *call[V]) gaveUpBefore(ctx context.Context, err error) bool {
	if c.until.IsZero() || !errors.Is(err, fetch.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	at, ok := ctx.Deadline()
	return !ok || at.After(c.until.Add(worthwhile))
}

// worthwhile is how much more time makes a difference.
const worthwhile = time.Second

// start begins a fetch of index and, as far as the plan goes, of what follows it; f.mu is held.
func (f *flight[V]) start(ctx context.Context, index int64, how fetcher[V]) *call[V] {
	n := f.clip(index, how)
	ctx, cancel := detach(ctx)
	c := &call[V]{first: index, n: n, done: make(chan struct{}), cancel: cancel}
	c.until, _ = ctx.Deadline()
	if f.calls == nil {
		f.calls = map[int64]*call[V]{}
	}
	for i := range int64(n) {
		f.calls[index+i] = c
	}
	f.running.Go(func() { f.run(ctx, c, how) })
	return c
}

// detach returns a context with ctx's values that does not end with it, but a little before its
// deadline: whoever waits then learns why the fetch failed, and not only that it was late.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if at, ok := ctx.Deadline(); ok {
		return context.WithDeadline(context.WithoutCancel(ctx), at.Add(-time.Until(at)/10))
	}
	return context.WithCancel(context.WithoutCancel(ctx))
}

// clip shortens the planned run where it meets a unit that is there or under way.
func (f *flight[V]) clip(index int64, how fetcher[V]) int {
	planned := how.plan(index)
	for n := 1; n < planned; n++ {
		_, running := f.calls[index+int64(n)]
		if _, cached := how.cached(index + int64(n)); running || cached {
			return n
		}
	}
	return planned
}

func (f *flight[V]) run(ctx context.Context, c *call[V], how fetcher[V]) {
	defer c.cancel()
	c.results = how.fetch(ctx, c.first, c.n)
	for i, r := range c.results {
		if r.Err == nil {
			how.keep(c.first+int64(i), r.Value)
		}
	}
	f.mu.Lock()
	f.drop(c)
	f.mu.Unlock()
	close(c.done)
}

// drop forgets the units that still point to c; f.mu is held.
func (f *flight[V]) drop(c *call[V]) {
	for i := range int64(c.n) {
		if f.calls[c.first+i] == c {
			delete(f.calls, c.first+i)
		}
	}
}

// leave ends one caller's wait. Nobody may join a fetch that is being cancelled, so it is forgotten
// at once.
func (f *flight[V]) leave(c *call[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.waiters--; c.waiters > 0 {
		return
	}
	f.drop(c)
	c.cancel()
}
