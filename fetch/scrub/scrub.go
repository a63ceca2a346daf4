// Package scrub reads a whole store and finds what is not as it was published.
package scrub

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
)

// Config says what to look at and how. The zero value looks at everything, as fast as it goes.
type Config struct {
	Prefix record.Name // if set, only this name and those below it; orphans and foreign keys are not looked for then
	Rate   int64       // bytes a second at most; 0 = no limit
	Retry  retry.Config

	// State is the path of a file that remembers which images were found right in this pass, so that one
	// that was interrupted goes on there; "" = none. Of says what store it is about, beyond its URL.
	State, Of string

	Progress func(n, total int64) // n more bytes of total were read; called concurrently; nil = nobody watches
	Found    func(Finding) error  // called for each image, and all else that there is to say; its error ends the scrub
}

// run is one run of Run.
type run struct {
	Config
	store   fetch.Store
	paced   fetch.Store // for what is large
	catalog *catalog.Catalog
	state   *state
	total   int64 // bytes to read
	Summary
}

// Run reads all images that the names of a store stand for, in all their revisions, and those that nobody
// names, each object once, by the identity that its record tells. What is wrong with one is a finding and
// keeps nobody from looking at the next. The error is what kept it from looking on: fetch.ErrUnavailable
// when the store does not answer. Then the next run goes on where this one ended.
//
// It keeps in memory what it knows of each revision, a few hundred bytes, and no image.
func Run(ctx context.Context, store fetch.Store, cfg Config) (Summary, error) {
	if cfg.Progress == nil {
		cfg.Progress = func(int64, int64) {}
	}
	r := &run{Config: cfg, store: store, paced: pace(store, cfg.Rate), catalog: catalog.New(store), Summary: Summary{Verdicts: map[Verdict]int{}}}
	var err error
	if r.state, err = openState(cfg.State, cfg.Of+" "+store.URL()+" "+string(cfg.Prefix)); err != nil {
		return r.Summary, err
	}
	err = r.pass(ctx)
	if err != nil {
		if saved := r.state.save(); saved != nil {
			err = fmt.Errorf("%w; the next one begins anew: %w", err, saved)
		}
		return r.Summary, err
	}
	r.Complete = true
	return r.Summary, r.state.end()
}

// pass is all of the work.
func (r *run) pass(ctx context.Context) error {
	inv, err := r.take(ctx)
	if err != nil {
		return err
	}
	if err := r.records(ctx, inv); err != nil {
		return err
	}
	pins := slices.SortedFunc(maps.Keys(inv.pins), func(a, b fetch.Pin) int { return slices.Compare(a[:], b[:]) })
	for _, pin := range pins {
		inv.complete(pin, r.Prefix == "")
		for _, u := range inv.pins[pin].units {
			r.total += u.image.Size
		}
	}
	for _, pin := range pins {
		if err := r.pin(ctx, inv, pin); err != nil {
			return err
		}
	}
	for _, key := range inv.foreign {
		if err := r.tell(Finding{Verdict: Foreign, Object: r.store.URL() + "/" + key, Message: "nothing that pinfs has put there: see who did"}); err != nil {
			return err
		}
	}
	return nil
}

// pin looks at all objects of one pin, since what is wrong with one may be healed by another.
func (r *run) pin(ctx context.Context, inv *inventory, pin fetch.Pin) error {
	h := inv.pins[pin]
	for _, u := range h.units {
		if err := r.check(ctx, u); err != nil {
			return err
		}
	}
	for _, f := range inv.judge(h) {
		r.Images++
		if err := r.tell(f); err != nil {
			return err
		}
	}
	delete(inv.pins, pin)
	return nil
}

// tell counts a finding and hands it on.
func (r *run) tell(f Finding) error {
	r.Verdicts[f.Verdict]++
	if r.Found == nil {
		return nil
	}
	return r.Found(f)
}
