package verify

import (
	"context"
	"sync"
)

// Warm fetches n leaves from index on as far as they are not at hand, and returns the first error.
func (o *Object) Warm(ctx context.Context, index int64, n int) error {
	for end := min(index+int64(n), o.m.Leaves()); index < end; index++ {
		if _, _, err := o.block(ctx, index, int(end-index)); err != nil {
			return err
		}
	}
	return nil
}

// Busy reports whether a ReadAt is under way.
func (o *Object) Busy() bool { return o.reading.Load() > 0 }

// LeafSize returns the bytes of a leaf.
func (o *Object) LeafSize() int { return o.m.LeafSize() }

// Leaves returns the number of leaves.
func (o *Object) Leaves() int64 { return o.m.Leaves() }

// Touched returns the leaves that ReadAt was asked for since the last Forget, in the order in which
// that was first so.
func (o *Object) Touched() []int64 { return o.touched.list() }

// Forget begins a new list of touched leaves.
func (o *Object) Forget() { o.touched.clear() }

// touches is a set of leaves in the order in which they were added: nine bytes a leaf.
type touches struct {
	mu    sync.Mutex // guards all below
	known []uint64   // a bit a leaf
	order []int64
}

func (t *touches) add(index int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for int(index/64) >= len(t.known) {
		t.known = append(t.known, 0)
	}
	if word, bit := &t.known[index/64], uint64(1)<<(index%64); *word&bit == 0 {
		*word |= bit
		t.order = append(t.order, index)
	}
}

func (t *touches) list() []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]int64(nil), t.order...)
}

func (t *touches) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.order = nil, nil
}
