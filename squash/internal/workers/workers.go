// Package workers shares out the right to decode: so many at a time, those first that somebody
// waits for. Those that nobody waits for leave one place free, if there are several: who decodes does
// not give its processor away, and whoever comes would have to wait for milliseconds.
package workers

import (
	"container/list"
	"context"
	"sync"
)

// Pool has a number of places. All methods may be called concurrently.
type Pool struct {
	mu      sync.Mutex // guards all below and the waiters in the queues
	free    int        // places
	spare   int        // how many of them the patient may still take
	urgent  list.List  // of *waiter, the longest waiting first; empty unless free is 0
	patient list.List  // the same, served when urgent is empty and spare is not 0
}

// Place is the right to decode. It must be released, once.
type Place struct {
	pool    *Pool
	patient bool // had when nobody waited
}

// waiter is a call of Acquire that has no place yet.
type waiter struct {
	ready chan Place // gets it
	queue *list.List // that it stands in, nil once it has one
	at    *list.Element
}

// New returns a Pool of n places.
func New(n int) *Pool { return &Pool{free: n, spare: max(1, n-1)} }

// Acquire waits for a place, or for the end of ctx, whose error it returns then. Before urgent is
// closed everybody for whom it is closed goes first.
func (p *Pool) Acquire(ctx context.Context, urgent <-chan struct{}) (Place, error) {
	w := p.enter(urgent)
	for {
		select {
		case place := <-w.ready:
			return place, nil
		case <-ctx.Done():
			p.leave(w)
			return Place{}, ctx.Err()
		case <-urgent:
			p.promote(w)
			urgent = nil
		}
	}
}

// Release gives the place back.
func (l Place) Release() {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	l.pool.release(l)
}

// enter has the caller stand in a queue, and serves it at once if there is a place.
func (p *Pool) enter(urgent <-chan struct{}) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &waiter{ready: make(chan Place, 1)}
	w.stand(&p.patient)
	select {
	case <-urgent:
		w.move(&p.urgent)
	default:
	}
	p.serve()
	return w
}

// promote moves w, if it still waits, behind those that are urgent already.
func (p *Pool) promote(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.queue == &p.patient {
		w.move(&p.urgent)
		p.serve()
	}
}

// leave takes w out of its queue, or gives back the place that it was given meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.queue == nil {
		p.release(<-w.ready)
		return
	}
	w.queue.Remove(w.at)
}

func (p *Pool) release(l Place) {
	p.free++
	if l.patient {
		p.spare++
	}
	p.serve()
}

// serve gives places to who may have one.
func (p *Pool) serve() {
	for p.free > 0 {
		switch {
		case p.urgent.Len() > 0:
			p.give(&p.urgent)
		case p.patient.Len() > 0 && p.spare > 0:
			p.spare--
			p.give(&p.patient)
		default:
			return
		}
	}
}

// give gives a place to the first in queue.
func (p *Pool) give(queue *list.List) {
	p.free--
	w := queue.Remove(queue.Front()).(*waiter)
	w.queue = nil
	w.ready <- Place{p, queue == &p.patient}
}

func (w *waiter) stand(queue *list.List) { w.queue, w.at = queue, queue.PushBack(w) }

func (w *waiter) move(queue *list.List) {
	w.queue.Remove(w.at)
	w.stand(queue)
}
