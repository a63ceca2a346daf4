// Package blockcache keeps decoded blocks within a budget of bytes.
//
// A missing block is loaded once however many ask for it. The load runs detached from the caller
// that started it and is cancelled when the last one that waits has left.
package blockcache

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
)

// Config says what a Cache holds. Load and Size are required.
type Config[K comparable, V any] struct {
	Capacity int64 // bytes that Size counts; the least recently used blocks go first
	Largest  int64 // bytes of the largest value; decides how finely the cache is divided

	// Load makes the value of a key. It may be called concurrently for different keys. What it
	// returns is shared and must not be changed; an error goes to all who wait and is not kept.
	Load func(ctx context.Context, key K) (V, error)
	Size func(V) int64 // bytes a value takes
}

// overhead is roughly what the cache itself needs for a block, in bytes.
const overhead = 200

// Cache maps keys to loaded values. All methods may be called concurrently.
type Cache[K comparable, V any] struct {
	cfg    Config[K, V]
	seed   maphash.Seed
	shards []shard[K, V] // a power of two of them
}

// New returns an empty Cache.
func New[K comparable, V any](cfg Config[K, V]) *Cache[K, V] {
	n := 1
	for n < 16 && cfg.Capacity/int64(2*n) >= 8*(cfg.Largest+overhead) {
		n *= 2
	}
	c := &Cache[K, V]{cfg: cfg, seed: maphash.MakeSeed(), shards: make([]shard[K, V], n)}
	for i := range c.shards {
		c.shards[i].init(cfg.Capacity / int64(n))
	}
	return c
}

// Get returns the value of key, loading it if it is not there. When ctx ends first it returns
// ctx's error; the load goes on as long as somebody else waits for it, until the deadline of the
// caller that started it. Who still has time then starts another.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	for {
		v, again, err := c.try(ctx, key)
		if !again || ctx.Err() != nil {
			return v, err
		}
	}
}

// try is one attempt of Get; again says that it failed by the deadline of somebody else.
func (c *Cache[K, V]) try(ctx context.Context, key K) (v V, again bool, err error) {
	s := &c.shards[maphash.Comparable(c.seed, key)&uint64(len(c.shards)-1)]
	s.mu.Lock()
	if v, ok := s.hit(key); ok {
		s.mu.Unlock()
		return v, false, nil
	}
	l, joined := s.loads[key]
	if !joined {
		l = c.start(ctx, s, key)
	}
	l.waiters++
	s.mu.Unlock()
	select {
	case <-l.done:
		return l.val, joined && l.expired && l.err != nil, l.err
	case <-ctx.Done():
		s.leave(key, l)
		return v, false, ctx.Err()
	}
}

// load is a value on its way. val, err and expired may be read once done is closed.
type load[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by the shard's mu
	val     V
	err     error
	expired bool // it ended by its own deadline
}

// start begins loading key, with s.mu held.
func (c *Cache[K, V]) start(ctx context.Context, s *shard[K, V], key K) *load[V] {
	ctx, cancel := detach(ctx)
	l := &load[V]{done: make(chan struct{}), cancel: cancel}
	s.loads[key] = l
	go func() {
		defer cancel()
		l.val, l.err = c.cfg.Load(ctx, key)
		l.expired = errors.Is(ctx.Err(), context.DeadlineExceeded)
		s.finish(key, l, c.cfg.Size)
		close(l.done)
	}()
	return l
}

// detach returns a context with ctx's values and deadline that does not end with it.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if at, ok := ctx.Deadline(); ok {
		return context.WithDeadline(context.WithoutCancel(ctx), at)
	}
	return context.WithCancel(context.WithoutCancel(ctx))
}

// shard is one part of a cache with a lock of its own.
type shard[K comparable, V any] struct {
	mu sync.Mutex // guards all below
	lru[K, V]
	loads map[K]*load[V]
}

func (s *shard[K, V]) init(capacity int64) {
	s.lru.init(capacity)
	s.loads = make(map[K]*load[V])
}

// leave takes one waiter off l; the last one ends the load and lets a later caller start afresh.
func (s *shard[K, V]) leave(key K, l *load[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.waiters--
	if l.waiters > 0 {
		return
	}
	l.cancel()
	if s.loads[key] == l {
		delete(s.loads, key)
	}
}

// finish keeps what l has loaded.
func (s *shard[K, V]) finish(key K, l *load[V], size func(V) int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loads[key] == l {
		delete(s.loads, key)
	}
	if l.err == nil {
		s.add(key, l.val, size(l.val)+overhead)
	}
}
