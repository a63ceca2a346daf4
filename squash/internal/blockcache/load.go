package blockcache

import (
	"context"
	"errors"
)

// load is a value on its way. val, err and expired may be read once done is closed.
type load[V any] struct {
	ctx     context.Context // of the load alone
	done    chan struct{}
	urgent  chan struct{} // closed once somebody has waited
	cancel  context.CancelFunc
	waiters int  // guarded by the shard's mu
	wanted  bool // urgent is closed; guarded by the shard's mu
	val     V
	err     error
	expired bool // it ended by its own deadline
}

// try waits for the load of key, which it starts if there is none; again says that it failed by the
// deadline of somebody else.
func (c *Cache[K, V]) try(ctx context.Context, s *shard[K, V], key K) (v V, again bool, err error) {
	s.mu.Lock()
	if v, ok := s.hit(key); ok {
		s.mu.Unlock()
		return v, false, nil
	}
	l, joined := s.loads[key]
	if !joined {
		l = c.newLoad(ctx, s, key)
	}
	l.join()
	if !joined {
		go c.run(s, key, l, func() {})
	}
	s.mu.Unlock()
	select {
	case <-l.done:
		return l.val, joined && l.expired && l.err != nil, l.err
	case <-ctx.Done():
		s.leave(key, l)
		return v, false, ctx.Err()
	}
}

// newLoad notes that key is going to be loaded, with s.mu held.
func (c *Cache[K, V]) newLoad(ctx context.Context, s *shard[K, V], key K) *load[V] {
	ctx, cancel := detach(ctx)
	l := &load[V]{ctx: ctx, done: make(chan struct{}), urgent: make(chan struct{}), cancel: cancel}
	s.loads[key] = l
	return l
}

// run loads key and calls done at the end.
func (c *Cache[K, V]) run(s *shard[K, V], key K, l *load[V], done func()) {
	defer done()
	defer l.cancel()
	l.val, l.err = c.cfg.Load(l.ctx, key, l.urgent)
	l.expired = errors.Is(l.ctx.Err(), context.DeadlineExceeded)
	s.finish(key, l, c.cfg.Size)
	close(l.done)
}

// detach returns a context with ctx's values and deadline that does not end with it.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if at, ok := ctx.Deadline(); ok {
		return context.WithDeadline(context.WithoutCancel(ctx), at)
	}
	return context.WithCancel(context.WithoutCancel(ctx))
}

// join counts one who waits, with the shard's mu held.
func (l *load[V]) join() {
	l.waiters++
	if !l.wanted {
		l.wanted = true
		close(l.urgent)
	}
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
	if l.err != nil {
		return
	}
	mark := uint32(ahead)
	if l.wanted {
		mark = passing
	}
	s.add(key, l.val, size(l.val)+overhead, mark)
}
