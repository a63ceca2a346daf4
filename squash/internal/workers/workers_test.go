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
	place Place
	t     *testing.T
	wg    sync.WaitGroup
	order []string // written by whoever has the place
}

func newLine(t *testing.T) *line {
	l := &line{Pool: New(1), t: t}
	l.place = l.take(closed())
	return l
}

func (l *line) take(urgent <-chan struct{}) Place {
	place, err := l.Acquire(l.t.Context(), urgent)
	if err != nil {
		l.t.Error(err)
	}
	return place
}

// enter has name wait for the place, note that it got it and give it back.
func (l *line) enter(name string, urgent <-chan struct{}) {
	l.wg.Go(func() {
		place := l.take(urgent)
		l.order = append(l.order, name)
		place.Release()
	})
	synctest.Wait()
}

func (l *line) check(want ...string) {
	l.t.Helper()
	l.place.Release()
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
				if _, err := l.Acquire(ctx, urgent); err != context.Canceled {
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
		place, err := p.Acquire(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if late, err := p.Acquire(ctx, nil); err == nil {
				late.Release()
			}
		})
		wg.Go(cancel)
		place.Release()
		wg.Wait()
		if p.free != 1 || p.spare != 1 || p.patient.Len() != 0 {
			t.Fatalf("%d places are free, %d for the patient, %d wait", p.free, p.spare, p.patient.Len())
		}
	}
}

// TestPatientLeaveOnePlace has more of them come than there are places.
func TestPatientLeaveOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{Pool: New(3), t: t}
		var had []Place // guarded by the order of the test
		for range 4 {
			go func() { had = append(had, l.take(make(chan struct{}))) }()
			synctest.Wait()
		}
		if len(had) != 2 {
			t.Fatalf("%d of 3 places are taken that nobody waits for, want 2", len(had))
		}
		urgent := l.take(closed()) // does not block
		had[0].Release()
		synctest.Wait()
		if len(had) != 3 {
			t.Fatalf("%d patient have had a place, want 3", len(had))
		}
		late := make(chan struct{})
		go func() { had = append(had, l.take(late)) }()
		close(late)
		synctest.Wait()
		urgent.Release()
		synctest.Wait()
		if len(had) != 4 || l.patient.Len() != 1 || had[3].patient {
			t.Fatalf("%d have had a place, %d wait, the one that became urgent has a place of the patient: %v", len(had), l.patient.Len(), had[3].patient)
		}
		for _, place := range had[1:] {
			place.Release()
		}
		synctest.Wait()
	})
}
