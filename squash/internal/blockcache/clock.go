package blockcache

import "sync/atomic"

// clock holds values up to a number of bytes. A hand goes round them; what it comes to is dropped
// unless it was used since the hand's last visit. So using a value changes nothing but its own mark
// and needs no more than a read lock; what is used again and again outlives any number of values
// that pass through once. What was loaded ahead waits for its first use with a mark, which that use
// takes.
type clock[K comparable, V any] struct {
	capacity, bytes int64
	nodes           map[K]*node[K, V]
	hand            node[K, V] // in the ring: hand.next is what the hand comes to
}

type node[K comparable, V any] struct {
	prev, next *node[K, V]
	key        K
	val        V
	size       int64 // bytes
	mark       atomic.Uint32
}

// Marks of a node. All but passing keep it from being dropped when the hand comes to it.
const (
	passing = iota // used once, as far as is known
	used           // used again
	ahead          // not used yet
)

func (c *clock[K, V]) init(capacity int64) {
	c.capacity = capacity
	c.nodes = make(map[K]*node[K, V])
	c.hand.prev, c.hand.next = &c.hand, &c.hand
}

// hit returns the value of key. A read lock is enough.
func (c *clock[K, V]) hit(key K) (val V, ok bool) {
	n := c.nodes[key]
	if n == nil {
		return val, false
	}
	switch n.mark.Load() { // a store each time would take the cache line from other readers
	case ahead:
		n.mark.CompareAndSwap(ahead, passing)
	case passing:
		n.mark.Store(used)
	}
	return n.val, true
}

// add keeps val, unless it alone is larger than the capacity or key is there already.
func (c *clock[K, V]) add(key K, val V, size int64, mark uint32) {
	if size > c.capacity || c.nodes[key] != nil {
		return
	}
	for c.bytes+size > c.capacity {
		c.visit(c.hand.next)
	}
	n := &node[K, V]{key: key, val: val, size: size}
	n.mark.Store(mark)
	c.nodes[key] = n
	c.bytes += size
	n.push(&c.hand)
}

// visit drops n, or takes its mark and puts it behind all others.
func (c *clock[K, V]) visit(n *node[K, V]) {
	n.prev.next, n.next.prev = n.next, n.prev
	if n.mark.Swap(passing) != passing {
		n.push(&c.hand)
		return
	}
	delete(c.nodes, n.key)
	c.bytes -= n.size
}

// push puts n where the hand comes to last.
func (n *node[K, V]) push(hand *node[K, V]) {
	n.prev, n.next = hand.prev, hand
	n.prev.next, n.next.prev = n, n
}
