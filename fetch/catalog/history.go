package catalog

import (
	"context"
	"errors"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"golang.org/x/sync/errgroup"
)

// Revision is one step of a name's history.
type Revision struct {
	Number int
	Record *record.Record // nil if it is damaged
	// Disputed: it and a neighbour do not know of each other; see record.Record.Disputed. What was
	// published since then has settled it.
	Disputed bool
	// Err is what is wrong with it by now: it is damaged (fetch.ErrMalformed), or it is the newest one
	// and disputed (a *DisputedError).
	Err error
}

// History returns the revisions of name, the newest first; their numbers may have gaps. What is wrong
// with one of them is told there and hides no other. fetch.ErrNotFound if there is no such name; with
// any error there is no list.
func (c *Catalog) History(ctx context.Context, name record.Name) ([]Revision, error) {
	numbers, err := c.known(ctx, name)
	if err != nil {
		return nil, err
	}
	all := make([]Revision, len(numbers))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listers)
	for i, n := range numbers {
		g.Go(func() error {
			r, err := c.At(ctx, name, n)
			if errors.Is(err, fetch.ErrNotFound) {
				return nil // taken back since it was listed
			}
			all[i] = Revision{Number: n, Record: r, Err: err}
			if errors.Is(err, fetch.ErrMalformed) {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r Revision) bool { return r.Number == 0 })
	c.markDisputes(all)
	slices.Reverse(all)
	return all, nil
}

// markDisputes looks for neighbours of which neither followed the other; all are in rising order.
func (c *Catalog) markDisputes(all []Revision) {
	for i := 1; i < len(all); i++ {
		r, before := &all[i], &all[i-1]
		if r.Record == nil || !r.Record.Disputed(before.Number) {
			continue
		}
		r.Disputed, before.Disputed = true, true
		if i == len(all)-1 {
			r.Err = c.undisputed(r.Record, before.Number)
		}
	}
}
