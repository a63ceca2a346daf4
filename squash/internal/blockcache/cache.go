// Package blockcache keeps decoded blocks within a budget of bytes.
//
// A missing block is loaded once however many ask for it. The load runs detached from the caller
// that started it and is cancelled when the last one that waits has left. Readers of what is there
// do not hinder each other.
package blockcache

import (
	"context"
	"hash/maphash"
	"sync"
)

// Config says what a Cache holds. Load and Size are required.
type Config[K comparable, V any] struct {
	Capacity int64 // bytes that Size counts; what was not used for longest goes first, roughly
	Largest  int64 // bytes of the largest value; decides how finely the cache is divided

	// Load makes the value of a key; urgent is closed once somebody waits for it, from the start where
	// that is why it is loaded. It may be called concurrently for different keys. What it returns is
	// shared and must not be changed; an error goes to all who wait and is not kept.
	Load func(ctx context.Context, key K, urgent <-chan struct{}) (V, error)
	Size func(V) int64 // bytes a value takes
}

// overhead is roughly what the cache itself needs for a block, in bytes.
const overhead = 200

// minSlots is how many of the largest values each part of a cache holds at least. With less some parts
// have to drop values that were loaded ahead while others have room.
const minSlots = 32

// Cache maps keys to loaded values. All methods may be called concurrently.
type Cache[K comparable, V any] struct {
	cfg    Config[K, V]
	seed   maphash.Seed
	shards []shard[K, V] // a power of two of them
}

// shard is one part of a cache with a lock of its own.
type shard[K comparable, V any] struct {
	mu sync.RWMutex // guards all below
	clock[K, V]
	loads map[K]*load[V]
}

// New returns an empty Cache.
func New[K comparable, V any](cfg Config[K, V]) *Cache[K, V] {
	n := 1
	for n < 16 && cfg.Capacity/int64(2*n) >= minSlots*(cfg.Largest+overhead) {
		n *= 2
	}
	c := &Cache[K, V]{cfg: cfg, seed: maphash.MakeSeed(), shards: make([]shard[K, V], n)}
	for i := range c.shards {
		c.shards[i].init(cfg.Capacity / int64(n))
		c.shards[i].loads = make(map[K]*load[V])
	}
	return c
}

// Get returns the value of key, loading it if it is not there. When ctx ends first it returns
// ctx's error; the load goes on as long as somebody else waits for it, until the deadline of the
// caller that started it. Who still has time then starts another.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	s := c.shard(key)
	for {
		if v, ok := s.look(key); ok {
			return v, nil
		}
		v, again, err := c.try(ctx, s, key)
		if !again || ctx.Err() != nil {
			return v, err
		}
	}
}

// Ahead starts to load key, which nobody waits for yet, and returns at once. If key is there or on
// its way it does nothing. What it starts runs until ctx's deadline, if there is one; done is called
// when it has ended, and also if there was nothing to do.
func (c *Cache[K, V]) Ahead(ctx context.Context, key K, done func()) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.hit(key); ok || s.loads[key] != nil {
		done()
		return
	}
	go c.run(s, key, c.newLoad(ctx, s, key), done)
}

func (c *Cache[K, V]) shard(key K) *shard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, key)&uint64(len(c.shards)-1)]
}

// look returns the value of key if it is there.
func (s *shard[K, V]) look(key K) (V, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hit(key)
}
