// Package workers shares out the right to decode: so many at a time, those first that somebody
// waits for.
package workers

import (
	"container/list"
	"context"
	"sync"
)

// Pool has a number of places. All methods may be called concurrently.
type Pool struct {
	mu      sync.Mutex // guards all below and the waiters in the queues
	free    int        // places; 0 while anybody waits
	urgent  list.List  // of *waiter, the longest waiting first
	patient list.List  // the same, served when urgent is empty
}

// waiter is a call of Acquire that has no place yet.
type waiter struct {
	ready chan struct{} // closed once it has one
	queue *list.List    // that it stands in, nil once it is ready
	at    *list.Element
}

// New returns a Pool of n places.
func New(n int) *Pool { return &Pool{free: n} }

// Acquire waits for a place, or for the end of ctx, whose error it returns then. Before urgent is
// closed everybody for whom it is closed goes first. Each nil that it returns wants one Release.
func (p *Pool) Acquire(ctx context.Context, urgent <-chan struct{}) error {
	w := p.enter(urgent)
	if w == nil {
		return nil
	}
	for {
		select {
		case <-w.ready:
			return nil
		case <-ctx.Done():
			p.leave(w)
			return ctx.Err()
		case <-urgent:
			p.promote(w)
			urgent = nil
		}
	}
}

// enter takes a place and returns nil, or has the caller stand in a queue.
func (p *Pool) enter(urgent <-chan struct{}) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free > 0 {
		p.free--
		return nil
	}
	w := &waiter{ready: make(chan struct{})}
	w.stand(&p.patient)
	select {
	case <-urgent:
		w.move(&p.urgent)
	default:
	}
	return w
}

// promote moves w, if it still waits, behind those that are urgent already.
func (p *Pool) promote(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.queue == &p.patient {
		w.move(&p.urgent)
	}
}

// leave takes w out of its queue, or gives back the place that it was given meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.queue == nil {
		p.release()
		return
	}
	w.queue.Remove(w.at)
}

// Release gives a place back.
func (p *Pool) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
}

func (p *Pool) release() {
	for _, queue := range []*list.List{&p.urgent, &p.patient} {
		if first := queue.Front(); first != nil {
			w := queue.Remove(first).(*waiter)
			w.queue = nil
			close(w.ready)
			return
		}
	}
	p.free++
}

func (w *waiter) stand(queue *list.List) { w.queue, w.at = queue, queue.PushBack(w) }

func (w *waiter) move(queue *list.List) {
	w.queue.Remove(w.at)
	w.stand(queue)
}
