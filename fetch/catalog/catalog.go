// Package catalog is the names of a store: which revisions a name has, which pin each binds and where
// the bytes lie.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Catalog reads and adds records. It holds no state: every answer is the store's of that moment. All
// methods may be called concurrently; their errors carry the store's verdict.
type Catalog struct{ store fetch.Store }

// New returns the catalog of store.
func New(store fetch.Store) *Catalog { return &Catalog{store} }

// Revisions returns the revisions of name in rising order, none if there is no such name.
func (c *Catalog) Revisions(ctx context.Context, name record.Name) ([]int, error) {
	var revisions []int
	for e, err := range c.store.List(ctx, record.NamePrefix(name)) {
		if err != nil {
			return nil, fmt.Errorf("revisions of %s: %w", name, err)
		}
		if n, revision, err := record.ParseRecordKey(e.Key); err == nil && n == name {
			revisions = append(revisions, revision)
		}
	}
	return revisions, nil
}

// At returns one record. A damaged one matches fetch.ErrMalformed.
func (c *Catalog) At(ctx context.Context, name record.Name, revision int) (*record.Record, error) {
	key := record.RecordKey(name, revision)
	b, _, err := c.store.Get(ctx, key, record.MaxSize+1)
	if err != nil {
		return nil, fmt.Errorf("record of %s, revision %d: %w", name, revision, err)
	}
	r, err := record.ParseAt(key, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w; if no newer pinfs wrote that object, remove it", c.store.URL(), fetch.ErrMalformed, err)
	}
	return r, nil
}

// Current returns the newest record of name; fetch.ErrNotFound if there is none, a *DisputedError if
// another one is not in the history that the newest tells.
func (c *Catalog) Current(ctx context.Context, name record.Name) (*record.Record, error) {
	revisions, err := c.known(ctx, name)
	if err != nil {
		return nil, err
	}
	last := len(revisions) - 1
	r, err := c.At(ctx, name, revisions[last])
	if err == nil && last > 0 {
		err = c.undisputed(r, revisions[last-1])
	}
	return r, err
}

// undisputed fails if the revision before, the highest below r, is not what r knew of.
func (c *Catalog) undisputed(r *record.Record, before int) error {
	if !r.Disputed(before) {
		return nil
	}
	return &DisputedError{c.store.URL(), r, before}
}

// DisputedError reports two publishers of which neither knew of the other; see record.Record.Disputed.
// It matches fetch.ErrConflict.
type DisputedError struct {
	Store  string
	Newest *record.Record
	Other  int // revision
}

// Error says what to do.
func (e *DisputedError) Error() string {
	return fmt.Sprintf("%s/%s: conflict: revisions %d and %d (%s by %s) were published without knowing of each other: mount by pin; to settle it publish what is right with --replace --expect %s",
		e.Store, e.Newest.Name, e.Other, e.Newest.Revision, e.Newest.Pin, e.Newest.Publisher, e.Newest.Pin)
}

// Is matches fetch.ErrConflict.
func (e *DisputedError) Is(target error) bool { return target == fetch.ErrConflict }

// WithPin returns the newest record that binds name to pin, after one request for each revision since
// then; fetch.ErrNotFound if there is no such name, fetch.ErrConflict if it never had that pin. A
// damaged newer record is in nobody's way who knows the pin.
func (c *Catalog) WithPin(ctx context.Context, name record.Name, pin fetch.Pin) (*record.Record, error) {
	r, _, err := c.withPin(ctx, name, pin)
	return r, err
}

// withPin also reports whether the record is the name's last one.
func (c *Catalog) withPin(ctx context.Context, name record.Name, pin fetch.Pin) (r *record.Record, last bool, err error) {
	revisions, err := c.known(ctx, name)
	if err != nil {
		return nil, false, err
	}
	var current *record.Record
	var damaged error
	for _, revision := range slices.Backward(revisions) {
		r, err := c.At(ctx, name, revision)
		switch {
		case errors.Is(err, fetch.ErrMalformed):
			damaged = errors.Join(damaged, err)
		case err != nil:
			return nil, false, err
		case r.Pin == pin:
			return r, revision == revisions[len(revisions)-1], nil
		case current == nil:
			current = r
		}
	}
	if damaged != nil {
		return nil, false, damaged // it may be the one
	}
	return nil, false, fmt.Errorf("%w: %s/%s never was %s; it is %s at revision %d: check the pin, or leave it out to take what is current",
		fetch.ErrConflict, c.store.URL(), name, pin, current.Pin, current.Revision)
}

// known is Revisions for a name that must be there.
func (c *Catalog) known(ctx context.Context, name record.Name) ([]int, error) {
	revisions, err := c.Revisions(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(revisions) == 0 {
		return nil, fmt.Errorf("%w: no name %s in %s; `pinfs ls %s` shows what is there",
			fetch.ErrNotFound, name, c.store.URL(), listable(c.store.URL()))
	}
	return revisions, nil
}

// listable is a store's URL as it can be typed.
func listable(url string) string {
	if strings.HasPrefix(url, "file://") {
		return url + "//"
	}
	return url
}

// Add stores r as a new revision: the commit point of a publication. fetch.ErrConflict if that
// revision is taken, whoever took it.
func (c *Catalog) Add(ctx context.Context, r *record.Record) error {
	b, err := r.Format()
	if err != nil {
		return err
	}
	_, err = c.store.Create(ctx, r.Key(), strings.NewReader(string(b)), int64(len(b)))
	if err != nil {
		return fmt.Errorf("record of %s, revision %d: %w", r.Name, r.Revision, err)
	}
	return nil
}
