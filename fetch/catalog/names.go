package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"golang.org/x/sync/errgroup"
)

// listers bounds the records that Names reads at once.
const listers = 16

// Names returns the current record of prefix itself and of every name below it, all of the store's if
// prefix is empty, sorted by name. Names whose record is damaged or disputed are left out, and the error
// tells of them all, matching fetch.ErrMalformed or fetch.ErrConflict: a list must not be silently
// short. With any other error there is no list.
func (c *Catalog) Names(ctx context.Context, prefix record.Name) ([]*record.Record, error) {
	newest, err := c.newest(ctx, prefix)
	if err != nil {
		return nil, err
	}
	records := make([]*record.Record, len(newest))
	damaged := make([]error, len(newest))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listers)
	for i, n := range newest {
		g.Go(func() error {
			r, err := c.At(ctx, n.name, n.revision)
			if err == nil {
				err = c.undisputed(r, n.before)
			}
			switch {
			case errors.Is(err, fetch.ErrMalformed) || errors.Is(err, fetch.ErrConflict):
				damaged[i] = err
			case err != nil:
				return err
			default:
				records[i] = r
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	records = slices.DeleteFunc(records, func(r *record.Record) bool { return r == nil })
	return records, errors.Join(damaged...)
}

type revisionOf struct {
	name     record.Name
	revision int
	before   int // the one below, 0 if there is none
}

// newest finds the highest revision of each name.
func (c *Catalog) newest(ctx context.Context, prefix record.Name) ([]revisionOf, error) {
	key := record.NamesPrefix
	if prefix != "" {
		key = record.NamePrefix(prefix)
	}
	highest := map[record.Name]revisionOf{}
	for e, err := range c.store.List(ctx, key) {
		if err != nil {
			return nil, fmt.Errorf("names of %s: %w", c.store.URL(), err)
		}
		if name, revision, err := record.ParseRecordKey(e.Key); err == nil {
			highest[name] = revisionOf{name, revision, highest[name].revision} // they come in order
		}
	}
	var all []revisionOf
	for _, n := range highest {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b revisionOf) int { return strings.Compare(string(a.name), string(b.name)) })
	return all, nil
}
