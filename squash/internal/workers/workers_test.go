package workers

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// closed is what an urgent caller passes.
func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// line is a Pool of one place that is taken, and in which order others got it.
type line struct {
	*Pool
	t     *testing.T
	wg    sync.WaitGroup
	order []string // written by whoever has the place
}

func newLine(t *testing.T) *line {
	l := &line{Pool: New(1), t: t}
	l.must(l.Acquire(t.Context(), closed()))
	return l
}

func (l *line) must(err error) {
	if err != nil {
		l.t.Error(err)
	}
}

// enter has name wait for the place, note that it got it and give it back.
func (l *line) enter(name string, urgent <-chan struct{}) {
	l.wg.Go(func() {
		l.must(l.Acquire(l.t.Context(), urgent))
		l.order = append(l.order, name)
		l.Release()
	})
	synctest.Wait()
}

func (l *line) check(want ...string) {
	l.t.Helper()
	l.Release()
	l.wg.Wait()
	if !slices.Equal(l.order, want) {
		l.t.Errorf("order %q, want %q", l.order, want)
	}
	if l.free != 1 {
		l.t.Errorf("%d places are free at the end, want 1", l.free)
	}
}

func TestUrgentGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		l.enter("patient 1", make(chan struct{}))
		l.enter("urgent 1", closed())
		l.enter("patient 2", make(chan struct{}))
		l.enter("urgent 2", closed())
		l.check("urgent 1", "urgent 2", "patient 1", "patient 2")
	})
}

func TestPatientBecomesUrgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		late := make(chan struct{})
		l.enter("patient", make(chan struct{}))
		l.enter("late", late)
		l.enter("urgent", closed())
		close(late)
		synctest.Wait()
		l.check("urgent", "late", "patient")
	})
}

func TestCancelledLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t)
		ctx, cancel := context.WithCancel(t.Context())
		for _, urgent := range []chan struct{}{make(chan struct{}), closed()} {
			l.wg.Go(func() {
				if err := l.Acquire(ctx, urgent); err != context.Canceled {
					t.Errorf("Acquire = %v, want %v", err, context.Canceled)
				}
			})
		}
		l.enter("after", make(chan struct{}))
		cancel()
		synctest.Wait()
		l.check("after")
	})
}

// TestPlaceIsNotLost cancels callers at the moment at which they are given a place.
func TestPlaceIsNotLost(t *testing.T) {
	p := New(1)
	for range 2000 {
		if err := p.Acquire(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if p.Acquire(ctx, nil) == nil {
				p.Release()
			}
		})
		wg.Go(cancel)
		p.Release()
		wg.Wait()
		if p.free != 1 || p.patient.Len() != 0 {
			t.Fatalf("%d places are free, %d wait", p.free, p.patient.Len())
		}
	}
}
