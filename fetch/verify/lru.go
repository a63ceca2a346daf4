package verify

import (
	"container/list"
	"sync"
)

// lru keeps the most recently used units, at most max of them. A scan-resistant cache would be
// wrong here: it refuses what was just read ahead.
type lru[V any] struct {
	max   int
	mu    sync.Mutex
	order list.List               // of *kept[V], most recent first; guarded by mu
	byKey map[int64]*list.Element // guarded by mu
}

type kept[V any] struct {
	key int64
	v   V
}

func newLRU[V any](max int) *lru[V] {
	return &lru[V]{max: max, byKey: map[int64]*list.Element{}}
}

func (c *lru[V]) get(key int64) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return *new(V), false
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept[V]).v, true
}

func (c *lru[V]) put(key int64, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		return
	}
	c.byKey[key] = c.order.PushFront(&kept[V]{key, v})
	for c.order.Len() > c.max {
		oldest := c.order.Back()
		delete(c.byKey, c.order.Remove(oldest).(*kept[V]).key)
	}
}
