package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
)

// bind stores what was hashed and adds the record, unless the name is bound to it already.
func (p *publication) bind(ctx context.Context, from origin, sums *sums) (*Result, error) {
	result, err := patiently(ctx, p, func() (*Result, error) { return p.try(ctx, from, sums) })
	if result != nil {
		result.Took = p.clock.took()
	}
	return result, err
}

// patiently tries again as long as others are in the way who may turn out to be none.
func patiently[T any](ctx context.Context, p *publication, try func() (T, error)) (T, error) {
	told := false
	for tries := 0; ; tries++ {
		result, err := try()
		var busy *busyError
		if !errors.As(err, &busy) {
			return result, err
		}
		if busy.holds() && !told {
			told = true
			p.Waiting(busy.rival.Intent)
		}
		if err := busy.wait(ctx, tries); err != nil {
			return *new(T), err
		}
	}
}

// try fails with a busyError if it is worth another try.
func (p *publication) try(ctx context.Context, from origin, sums *sums) (*Result, error) {
	current, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	if current != nil && current.Pin == sums.tree.Pin() {
		recorded, err := from.recorded(ctx, current)
		if recorded || err != nil {
			return &Result{Record: current}, err
		}
	} else if err := p.mayMove(current, sums.tree.Pin()); err != nil {
		return nil, err
	}
	l, err := p.claim(ctx, revisionOf(current)+1, sums.tree.Pin())
	if err != nil {
		return nil, err
	}
	defer l.end()
	if err := p.still(ctx, current); err != nil { // nobody was faster; from here on nobody will be
		return nil, err
	}
	got, err := from.provide(ctx, sums, current)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(l.lapsed(), p.still(ctx, current)); err != nil {
		return nil, err
	}
	r := p.newRecord(l.id.Revision, current, sums, got.places)
	r.Locations = append(r.Locations, got.more...)
	result, err := p.commit(ctx, l, r, got.uploaded)
	if err != nil {
		return nil, err
	}
	l.sweep(ctx)
	return result, p.enough(ctx, from, result)
}

// enough fails if somebody else was faster with a record of the same bytes that says less than ours.
func (p *publication) enough(ctx context.Context, from origin, result *Result) error {
	if result.Added {
		return nil
	}
	recorded, err := from.recorded(ctx, result.Record)
	if err == nil && !recorded {
		err = &busyError{again: true}
	}
	return err
}

func revisionOf(r *record.Record) int {
	if r == nil {
		return 0
	}
	return r.Revision
}

// still fails if the name has another revision than that of current by now.
func (p *publication) still(ctx context.Context, current *record.Record) error {
	revisions, err := p.catalog.Revisions(ctx, p.Name)
	if err != nil {
		return err
	}
	last := 0
	if len(revisions) > 0 {
		last = revisions[len(revisions)-1]
	}
	if last != revisionOf(current) {
		return &busyError{again: true}
	}
	return nil
}

// current returns the name's newest record, nil if the name is new. Of a name that is in dispute it is
// the one that is expected.
func (p *publication) current(ctx context.Context) (*record.Record, error) {
	r, err := p.catalog.Current(ctx, p.Name)
	var disputed *catalog.DisputedError
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return nil, p.reachable(ctx)
	case errors.As(err, &disputed) && disputed.Newest.Pin == p.Expect:
		return disputed.Newest, nil
	}
	return r, err
}

// kept reports whether the store still has what r names, by identity: it was verified when it was
// recorded, and one byte of each object is enough to see that nobody has put another in its place.
func (p *publication) kept(ctx context.Context, r *record.Record) (bool, error) {
	place := p.catalog.Place(r)
	place.Image.Size, place.Manifest.Size = r.Size, r.Manifest.Size
	there, err := p.there(ctx, place.Image)
	if there {
		there, err = p.there(ctx, place.Manifest)
	}
	return there, err
}

// there reports whether the object at at is still the one that was seen there.
func (p *publication) there(ctx context.Context, at fetch.Location) (bool, error) {
	err := p.touch(ctx, at)
	if errors.Is(err, fetch.ErrOverwritten) || errors.Is(err, fetch.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// touch fails unless the object at at is the one that was seen there.
func (p *publication) touch(ctx context.Context, at fetch.Location) error {
	if at.ETag == "" { // a copied store: only the size is known
		key, err := at.KeyIn(p.store.URL())
		if err != nil {
			return err
		}
		found, err := p.store.Stat(ctx, key)
		if err == nil && found.Size != at.Size {
			err = &fetch.OverwrittenError{Want: at, Got: found}
		}
		return err
	}
	src, err := p.store.Open(at)
	if err != nil {
		return err
	}
	return src.ReadAt(ctx, make([]byte, 1), 0)
}

// reachable tells a new name from a bucket that is not there.
func (p *publication) reachable(ctx context.Context) error {
	for _, err := range p.store.List(ctx, record.NamePrefix(p.Name)) {
		return err
	}
	return nil
}

// mayMove is the rule that no name moves by accident.
func (p *publication) mayMove(current *record.Record, pin fetch.Pin) error {
	switch {
	case current == nil && !p.Expect.IsZero():
		return fmt.Errorf("%w: %s/%s is expected to be %s, but there is no such name", fetch.ErrConflict, p.store.URL(), p.Name, p.Expect)
	case current == nil || current.Pin == p.Expect:
		return nil
	case p.Expect.IsZero():
		return fmt.Errorf("%w: %s/%s is %s since %s (revision %d by %s), what is to be published is %s: choose another name, or move it with --replace --expect %s",
			fetch.ErrConflict, p.store.URL(), p.Name, current.Pin, current.Created.Format(time.RFC3339), current.Revision, current.Publisher, pin, current.Pin)
	}
	return fmt.Errorf("%w: %s/%s is expected to be %s, but is %s since %s (revision %d by %s): look who moved it before you replace it",
		fetch.ErrConflict, p.store.URL(), p.Name, p.Expect, current.Pin, current.Created.Format(time.RFC3339), current.Revision, current.Publisher)
}
