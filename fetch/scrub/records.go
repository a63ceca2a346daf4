package scrub

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// readers bounds the records that are read at once.
const readers = 16

// records reads all records and notes which places they name.
func (r *run) records(ctx context.Context, inv *inventory) error {
	var found []Finding // guarded by inv.mu
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, name := range slices.Sorted(maps.Keys(inv.names)) {
		h := inv.names[name]
		for i, revision := range h.listed {
			r.Revisions++
			before := 0
			if i == len(h.listed)-1 && i > 0 {
				before = h.listed[i-1]
			}
			g.Go(func() error {
				f, err := r.record(inner, inv, name, revision, before)
				if f != nil {
					inv.mu.Lock()
					defer inv.mu.Unlock()
					found = append(found, *f)
				}
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b Finding) int { return slices.Compare([]byte(a.Object), []byte(b.Object)) })
	for _, f := range found {
		if err := r.tell(f); err != nil {
			return err
		}
	}
	return nil
}

// record reads one; before is the revision below the newest one, else 0.
func (r *run) record(ctx context.Context, inv *inventory, name record.Name, revision, before int) (*Finding, error) {
	rec, err := r.catalog.At(ctx, name, revision)
	damaged := Finding{Object: r.store.URL() + "/" + record.RecordKey(name, revision), Named: []Revision{{name, revision}}}
	switch {
	case errors.Is(err, fetch.ErrNotFound): // taken back since it was listed
		return nil, nil
	case errors.Is(err, fetch.ErrMalformed):
		damaged.Verdict, damaged.Message = Verdict(fetch.ErrMalformed), err.Error()
		return &damaged, nil
	case err != nil:
		return nil, err
	}
	inv.note(rec)
	if !rec.Disputed(before) {
		return nil, nil
	}
	damaged.Verdict = Verdict(fetch.ErrConflict)
	damaged.Message = fmt.Sprintf("revisions %d and %d were published without knowing of each other: publish what is right with --replace --expect %s", before, revision, rec.Pin)
	return &damaged, nil
}

// note adds what a record names in this store. One that was copied from another store names nothing here;
// then the content-addressed keys are meant.
func (inv *inventory) note(rec *record.Record) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	h := inv.holding(rec.Pin)
	if history := inv.names[rec.Name]; rec.Revision == history.listed[len(history.listed)-1] {
		history.now = rec.Pin
	}
	images := slices.DeleteFunc(slices.Clone(rec.Locations), func(l fetch.Location) bool { return !inv.here(l) })
	if len(images) == 0 {
		images = []fetch.Location{{URL: inv.store + "/" + record.ImageKey(rec.Pin)}}
	}
	manifest := rec.Manifest
	if !inv.here(manifest) {
		manifest = fetch.Location{URL: inv.store + "/" + record.ManifestKey(rec.Pin)}
	}
	for _, image := range images {
		u := h.unit(rec.Pin, place{h.known(image), h.known(manifest)})
		u.named = append(u.named, Revision{rec.Name, rec.Revision})
	}
}

func (inv *inventory) here(l fetch.Location) bool {
	_, err := l.KeyIn(inv.store)
	return err == nil
}
