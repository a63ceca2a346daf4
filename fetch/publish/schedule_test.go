package publish

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/record"
)

// All orders in which the requests of two publishers can arrive. A schedule is a list of choices: which of
// those that wait goes next, or that all leases end now. It is run, then the last choice that has
// another option is changed, until there is none. How often a publisher is held up who could go on may be
// bounded: most faults of protocols need two or three times.

// gate holds requests back until the schedule lets them through.
type gate struct {
	mu      sync.Mutex // guards waiting
	waiting map[int]chan struct{}
}

func (g *gate) wait(ctx context.Context, who int) error {
	let := make(chan struct{})
	g.mu.Lock()
	g.waiting[who] = let
	g.mu.Unlock()
	select {
	case <-let:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bounds are what a schedule may still do.
type bounds struct {
	holds int // times that somebody who could go on is held up
	jumps int // times that all leases end
}

// options are those who wait, last first, and after them a pass of time.
func (g *gate) options(last int, b bounds) (who []int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := range g.waiting {
		who = append(who, n)
	}
	slices.SortFunc(who, func(a, b int) int { return cmp.Or(sooner(b == last)-sooner(a == last), a-b) })
	if len(who) > 0 && b.jumps > 0 {
		who = append(who, jump)
	}
	if len(who) > 0 && who[0] == last && b.holds == 0 {
		return who[:1]
	}
	return who
}

func sooner(is bool) int {
	if is {
		return 1
	}
	return 0
}

const jump = -1

func (g *gate) let(who int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.waiting[who])
	delete(g.waiting, who)
}

// gated is a store as one publisher reaches it. Images are out of the question: theirs differ.
type gated struct {
	fetch.Store
	gate *gate
	who  int
}

func (s gated) pass(ctx context.Context, key string) error {
	if strings.HasPrefix(key, record.ImagesPrefix) {
		return nil
	}
	if _, id, err := record.ParseIntentKey(key); err == nil && id.Seq > 1 {
		return fmt.Errorf("%w: it is stopped", fetch.ErrUnavailable) // renewing goes on beside the rest
	}
	return s.gate.wait(ctx, s.who)
}

func (s gated) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	if err := s.pass(ctx, key); err != nil {
		return nil, fetch.Location{}, err
	}
	return s.Store.Get(ctx, key, n)
}

func (s gated) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if err := s.pass(ctx, key); err != nil {
		return fetch.Location{}, err
	}
	return s.Store.Create(ctx, key, body, size)
}

func (s gated) Remove(ctx context.Context, key string) error {
	if err := s.pass(ctx, key); err != nil {
		return err
	}
	return s.Store.Remove(ctx, key)
}

func (s gated) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		if err := s.pass(ctx, prefix); err != nil {
			yield(fetch.Entry{}, err)
			return
		}
		s.Store.List(ctx, prefix)(yield)
	}
}

// prepared is a publisher whose file is hashed and who looks at the name once.
type prepared struct {
	*publication
	image *image
	sums  *sums
}

func prepare(t *testing.T, seed byte, exclusive bool) prepared {
	t.Helper()
	req := request(newFile(t, 500, seed))
	req.Exclusive = exclusive
	p, err := newPublication(nil, req)
	if err != nil {
		t.Fatal(err)
	}
	f, err := openImage(req.File)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s, err := p.hash(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return prepared{p, f, s}
}

// on is p at work on another store.
func (p prepared) on(ctx context.Context, store fetch.Store) (*Result, error) {
	fresh := *p.publication
	fresh.store, fresh.catalog = store, catalog.New(store)
	return fresh.try(ctx, fromFile{&fresh, p.image}, p.sums)
}

// schedule runs one order of events and returns how many options there were at each choice, and what is
// wrong in the end.
func schedule(ctx context.Context, all []prepared, careless bool, b bounds, choices []int) (options []int, wrong string) {
	store := &fetchtest.Shelf{Careless: careless}
	g := &gate{waiting: map[int]chan struct{}{}}
	outcomes := make([]outcome, len(all))
	var done sync.WaitGroup
	for i, p := range all {
		done.Go(func() { outcomes[i].result, outcomes[i].err = p.on(ctx, gated{store, g, i}) })
	}
	last := 0
	for {
		synctest.Wait()
		who := g.options(last, b)
		if len(who) == 0 {
			time.Sleep(2 * prevailPause)
			if synctest.Wait(); len(g.options(last, b)) > 0 {
				continue // one was asleep
			}
			break
		}
		choice := 0
		if len(options) < len(choices) {
			choice = choices[len(options)]
		}
		options = append(options, len(who))
		if who[0] == last && choice > 0 {
			b.holds--
		}
		if who[choice] == jump {
			time.Sleep(2 * defaultLease)
			b.jumps--
			continue
		}
		last = who[choice]
		g.let(last)
	}
	done.Wait()
	return options, judgeSchedule(ctx, store, outcomes, careless)
}

func judgeSchedule(ctx context.Context, store fetch.Store, outcomes []outcome, careless bool) string {
	time.Sleep(2 * defaultLease)
	for _, o := range outcomes {
		if o.err != nil && fetch.VerdictOf(o.err) != fetch.ErrConflict {
			return o.err.Error()
		}
	}
	return judge(ctx, store, outcomes, !careless, "")
}

// after returns the next choices in turn, nil after the last ones.
func after(choices, options []int) []int {
	choices = append(slices.Clone(choices), make([]int, len(options)-len(choices))...)
	for i := len(options) - 1; i >= 0; i-- {
		if choices[i]+1 < options[i] {
			return append(choices[:i], choices[i]+1)
		}
	}
	return nil
}

// TestSchedules: no order of two publishers' requests lets both win or tells nobody of a dispute.
// PINFS_SCHEDULES=all tries all of them.
func TestSchedules(t *testing.T) {
	b := bounds{holds: 2, jumps: 1}
	if os.Getenv("PINFS_SCHEDULES") == "all" {
		b.holds = 1 << 30
	}
	for _, careless := range []bool{false, true} {
		all := []prepared{prepare(t, 1, !careless), prepare(t, 2, !careless)}
		n := 0
		for choices := []int{}; choices != nil; n++ {
			var options []int
			var wrong string
			synctest.Test(t, func(t *testing.T) { options, wrong = schedule(t.Context(), all, careless, b, choices) })
			if wrong != "" {
				t.Fatalf("careless %v, schedule %v: %s", careless, choices, wrong)
			}
			choices = after(choices, options)
		}
		if t.Logf("careless %v: %d schedules", careless, n); n < 200 {
			t.Errorf("%d schedules are not all", n)
		}
	}
}
