package blockcache

// lru holds values up to a number of bytes and drops the least recently used ones.
type lru[K comparable, V any] struct {
	capacity, used int64 // bytes
	nodes          map[K]*node[K, V]
	ring           node[K, V] // ring.next is the most recently used, ring.prev the least
}

type node[K comparable, V any] struct {
	prev, next *node[K, V]
	key        K
	val        V
	size       int64
}

func (l *lru[K, V]) init(capacity int64) {
	l.capacity = capacity
	l.nodes = make(map[K]*node[K, V])
	l.ring.prev, l.ring.next = &l.ring, &l.ring
}

// hit returns the value of key and makes it the most recently used.
func (l *lru[K, V]) hit(key K) (val V, ok bool) {
	n := l.nodes[key]
	if n == nil {
		return val, false
	}
	n.unlink()
	l.push(n)
	return n.val, true
}

// add keeps val, unless it alone is larger than the capacity or key is there already.
func (l *lru[K, V]) add(key K, val V, size int64) {
	if size > l.capacity || l.nodes[key] != nil {
		return
	}
	for l.used+size > l.capacity {
		l.drop(l.ring.prev)
	}
	n := &node[K, V]{key: key, val: val, size: size}
	l.nodes[key] = n
	l.used += size
	l.push(n)
}

func (l *lru[K, V]) drop(n *node[K, V]) {
	n.unlink()
	delete(l.nodes, n.key)
	l.used -= n.size
}

func (l *lru[K, V]) push(n *node[K, V]) {
	n.prev, n.next = &l.ring, l.ring.next
	n.prev.next, n.next.prev = n, n
}

func (n *node[K, V]) unlink() { n.prev.next, n.next.prev = n.next, n.prev }
