package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
)

// The model: some publishers at work on one name of a store in memory. Each of their requests takes a
// time that is drawn, mostly short, sometimes longer than a lease, before and after the store does it;
// the answer may be lost; a publisher may be killed at any request. The clock is not the machine's, so
// that hours take no time.

// client is a store as one publisher reaches it.
type client struct {
	fetch.Store
	fates []fate        // of its requests in their order; those after the last one are quick and good
	stall time.Duration // before it adds the record: the worst moment

	mu   sync.Mutex // guards next
	next int
}

// fate is what happens to a request.
type fate struct {
	before, after time.Duration // how long it is on its way
	lost          bool          // the answer is
	killed        bool          // the publisher dies with the request on its way: it may still be done
	done          bool          // and it is
}

// call does op as fate has it. A publisher that was killed gets no answer any more and does nothing.
func (c *client) call(ctx context.Context, op func() error) error {
	f := c.fate()
	if f.killed && !f.done {
		return c.die(ctx)
	}
	if err := sleep(ctx, f.before); err != nil {
		return err
	}
	err := op()
	if f.killed {
		return c.die(ctx)
	}
	if sleepErr := sleep(ctx, f.after); sleepErr != nil {
		return sleepErr
	}
	if f.lost {
		return fmt.Errorf("%w: the answer was lost", fetch.ErrUnavailable)
	}
	return err
}

func (c *client) fate() fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next < 0 {
		return fate{killed: true}
	}
	if c.next >= len(c.fates) {
		return fate{before: time.Millisecond}
	}
	f := c.fates[c.next]
	c.next++
	if f.killed {
		c.next = -1
	}
	return f
}

var errKilled = errors.New("killed")

func (c *client) die(context.Context) error { return errKilled }

func (c *client) Stat(ctx context.Context, key string) (loc fetch.Location, err error) {
	err = c.call(ctx, func() (err error) { loc, err = c.Store.Stat(ctx, key); return err })
	return loc, err
}

func (c *client) Get(ctx context.Context, key string, n int64) (p []byte, loc fetch.Location, err error) {
	err = c.call(ctx, func() (err error) { p, loc, err = c.Store.Get(ctx, key, n); return err })
	return p, loc, err
}

func (c *client) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (loc fetch.Location, err error) {
	if strings.HasPrefix(key, record.NamesPrefix) {
		if err := sleep(ctx, c.stall); err != nil {
			return loc, err
		}
	}
	err = c.call(ctx, func() (err error) { loc, err = c.Store.Create(ctx, key, body, size); return err })
	return loc, err
}

func (c *client) Remove(ctx context.Context, key string) error {
	return c.call(ctx, func() error { return c.Store.Remove(ctx, key) })
}

func (c *client) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		var entries []fetch.Entry
		err := c.call(ctx, func() error {
			for e, err := range c.Store.List(ctx, prefix) {
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			return nil
		})
		for _, e := range entries {
			if err == nil && !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(fetch.Entry{}, err)
		}
	}
}

// plan is one publisher: when it starts, with which bytes, and what happens to it.
type plan struct {
	start time.Duration
	file  int
	fates []fate
	stall time.Duration
}

// drawStart is soon, or when leases of those that began soon are over.
func drawStart(t *rapid.T) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second}).Draw(t, "unit")
	return time.Duration(rapid.IntRange(0, 200).Draw(t, "start")) * unit
}

func drawPlan(t *rapid.T, files int) plan {
	short := rapid.IntRange(0, 30)
	p := plan{start: drawStart(t), file: rapid.IntRange(0, files-1).Draw(t, "file")}
	if rapid.IntRange(0, 3).Draw(t, "stalls") == 0 {
		p.stall = time.Duration(rapid.IntRange(0, 400).Draw(t, "stall")) * time.Second
	}
	for range rapid.IntRange(0, 40).Draw(t, "requests") {
		f := fate{before: time.Duration(short.Draw(t, "before")) * time.Millisecond, after: time.Duration(short.Draw(t, "after")) * time.Millisecond}
		switch rapid.IntRange(0, 39).Draw(t, "fate") {
		case 0:
			f.before = 3 * defaultLease
		case 1:
			f.after = 3 * defaultLease
		case 2:
			f.lost = true
		case 3:
			f.killed, f.done = true, rapid.Bool().Draw(t, "done")
		}
		p.fates = append(p.fates, f)
	}
	return p
}

// outcome is what a publisher was told.
type outcome struct {
	result *Result
	err    error
}

// TestModel looks for an order of events in which two publishers win one revision, a record names what does
// not verify, a success is not there afterwards, a name stays blocked, or a reader is not told of a dispute.
func TestModel(t *testing.T) {
	const files = 3
	var names []string
	for i := range files {
		names = append(names, newFile(t, 700+i, byte(i)))
	}
	last := newFile(t, 99, 99)
	rapid.Check(t, func(rt *rapid.T) {
		careless := rapid.Bool().Draw(rt, "careless")
		var plans []plan
		for range rapid.IntRange(1, 3).Draw(rt, "publishers") {
			plans = append(plans, drawPlan(rt, files))
		}
		var failed string
		synctest.Test(t, func(t *testing.T) { failed = model(t.Context(), careless, plans, names, last) })
		if failed != "" {
			rt.Fatal(failed)
		}
	})
}

// model runs plans and returns what is wrong afterwards.
func model(ctx context.Context, careless bool, plans []plan, names []string, last string) string {
	store := &fetchtest.Shelf{Careless: careless}
	outcomes := make([]outcome, len(plans))
	var all sync.WaitGroup
	for i, p := range plans {
		all.Go(func() {
			_ = sleep(ctx, p.start)
			req := request(names[p.file])
			req.Exclusive = !careless
			outcomes[i].result, outcomes[i].err = Publish(ctx, &client{Store: store, fates: p.fates, stall: p.stall}, req)
		})
	}
	all.Wait()
	_ = sleep(ctx, 2*defaultLease)
	return judge(ctx, store, outcomes, !careless, last)
}

// judge looks at what the store holds and at what the publishers were told.
func judge(ctx context.Context, store fetch.Store, outcomes []outcome, exclusive bool, last string) string {
	c := catalog.New(store)
	records, err := history(ctx, store)
	if err != nil {
		return err.Error()
	}
	var added int
	for _, o := range outcomes {
		if o.err != nil {
			continue
		}
		if !slices.ContainsFunc(records, func(r *record.Record) bool {
			return r.Revision == o.result.Record.Revision && r.Pin == o.result.Record.Pin
		}) {
			return fmt.Sprintf("a publisher was told %+v, which is not there", o.result.Record)
		}
		if o.result.Added && o.result.Record.Follows == 0 {
			added++
		}
	}
	if added > 1 {
		return fmt.Sprintf("%d publishers were told that they made the name: %s", added, told(records))
	}
	current, err := c.Current(ctx, "PE/a")
	var disputed *catalog.DisputedError
	switch {
	case errors.As(err, &disputed) && !exclusive:
		current = disputed.Newest
	case err != nil && !errors.Is(err, fetch.ErrNotFound):
		return fmt.Sprintf("Current = %v", err)
	case err == nil && !isChain(records):
		return "nobody is told of a dispute: " + told(records)
	}
	if last == "" {
		return ""
	}
	return next(ctx, store, current, exclusive, last)
}

// isChain reports whether each record follows the one before.
func isChain(records []*record.Record) bool {
	before := 0
	for _, r := range records {
		if r.Follows != before {
			return false
		}
		before = r.Revision
	}
	return true
}

func told(records []*record.Record) (s string) {
	for _, r := range records {
		s += fmt.Sprintf("%d follows %d with %s; ", r.Revision, r.Follows, r.Pin.Hex()[:8])
	}
	return s
}

// history returns all records, each of which must name what verifies.
func history(ctx context.Context, store fetch.Store) (records []*record.Record, err error) {
	c := catalog.New(store)
	revisions, err := c.Revisions(ctx, "PE/a")
	if err != nil {
		return nil, err
	}
	for _, n := range revisions {
		r, err := c.At(ctx, "PE/a", n)
		if err != nil {
			return nil, err
		}
		if err := verifies(ctx, store, r); err != nil {
			return nil, fmt.Errorf("revision %d: %w", n, err)
		}
		records = append(records, r)
	}
	return records, nil
}

func verifies(ctx context.Context, store fetch.Store, r *record.Record) error {
	b, _, err := store.Get(ctx, record.ImageKey(r.Pin), r.Size+1)
	if err != nil {
		return err
	}
	built, err := manifest.Build(ctx, bytes.NewReader(b), manifest.BuildConfig{})
	if err == nil && built.Pin() != r.Pin {
		err = fmt.Errorf("the image is %s, not %s", built.Pin(), r.Pin)
	}
	return err
}

// next publishes after everything is over: that works, and leaves nothing of the others behind.
func next(ctx context.Context, store fetch.Store, current *record.Record, exclusive bool, last string) string {
	req := request(last)
	req.Exclusive = exclusive
	if current != nil {
		req.Expect = current.Pin
	}
	r, err := Publish(ctx, store, req)
	if err != nil {
		return fmt.Sprintf("the next publisher: %v", err)
	}
	if now, err := catalog.New(store).Current(ctx, "PE/a"); err != nil || now.Pin != r.Record.Pin {
		return fmt.Sprintf("after the next publisher the name is %+v, %v", now, err)
	}
	for e := range store.List(ctx, record.UploadsPrefix) {
		return e.Key + " is left behind"
	}
	return ""
}
