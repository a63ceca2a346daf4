package verify

import (
	"container/list"
	"sync"
)

// memory keeps at most max units. A scan-resistant cache would be wrong here: it refuses what was just
// read ahead.
type memory[V any] struct {
	max   int
	byUse bool // what was used last stays longest, else what came last
	mu    sync.Mutex
	order list.List               // of *kept[V], the oldest last; guarded by mu
	byKey map[int64]*list.Element // guarded by mu
}

type kept[V any] struct {
	key int64
	v   V
}

// byUse is for units that are used again and again, such as hash blocks.
func byUse[V any](max int) *memory[V] {
	return &memory[V]{max: max, byUse: true, byKey: map[int64]*list.Element{}}
}

// byArrival is for units that are read in order: what was used is needed no more, what came along with
// it is.
func byArrival[V any](max int) *memory[V] {
	return &memory[V]{max: max, byKey: map[int64]*list.Element{}}
}

func (c *memory[V]) get(key int64) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return *new(V), false
	}
	if c.byUse {
		c.order.MoveToFront(e)
	}
	return e.Value.(*kept[V]).v, true
}

func (c *memory[V]) put(key int64, v V) {
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
