package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// object is one that is there, as an origin.
type object struct {
	*publication
	at  fetch.Location // as it was seen first
	key string
}

var _ origin = (*object)(nil)

// find fixes what the object at key is.
func (p *publication) find(ctx context.Context, key string) (*object, error) {
	if _, err := record.ParseName(key); err != nil { // least of all anything of ours
		return nil, fmt.Errorf("key: %w", err)
	}
	at, err := p.store.Stat(ctx, key)
	if err == nil && at.Size == 0 {
		err = fmt.Errorf("%w: %s is empty, an upload may be in progress: adopt it when that has ended", fetch.ErrConflict, at.URL)
	}
	return &object{p, at, key}, err
}

// read finds out all that one pass over the object tells.
func (o *object) read(ctx context.Context, check func(context.Context, fetch.Source) error) (*sums, error) {
	src, err := o.store.Open(o.at)
	if err != nil {
		return nil, err
	}
	if check != nil {
		if err := check(ctx, src); err != nil {
			return nil, err
		}
	}
	r := newAhead(ctx, src)
	defer r.Close()
	s, err := o.sum(ctx, r, o.at.Size)
	if err != nil {
		return nil, err
	}
	return s, o.unchanged(ctx)
}

// unchanged fails if another object has taken its place. Where the bucket keeps versions the bytes were
// right all the same, but somebody is at work there.
func (o *object) unchanged(ctx context.Context) error {
	now, err := o.store.Stat(ctx, o.key)
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return &fetch.OverwrittenError{Want: o.at, Gone: true}
	case err == nil && now != o.at:
		return &fetch.OverwrittenError{Want: o.at, Got: now}
	}
	return err
}

// advise says what to do about an object that is not the one any more.
func (o *object) advise(err error) error {
	var e *fetch.OverwrittenError
	if errors.As(err, &e) && e.Want.URL == o.at.URL {
		return fmt.Errorf("%w: it changed while it was adopted, nothing was recorded: adopt it when nobody writes there", err)
	}
	return err
}

// recorded implements origin: the record must name the object where it is.
func (o *object) recorded(ctx context.Context, r *record.Record) (bool, error) {
	if !slices.Contains(r.Locations, o.at) {
		return false, nil
	}
	return o.kept(ctx, r)
}

// provide implements origin. The image's bytes were hashed as they are; of what is stored only the
// manifest is new.
func (o *object) provide(ctx context.Context, s *sums, current *record.Record) (got provided, err error) {
	images, err := o.besides(ctx, s.tree.Pin(), current, o.at)
	if err != nil {
		return got, err
	}
	images = append(images, o.at)
	got.image, got.more = images[0], images[1:]
	if got.manifest, err = o.putManifest(ctx, s.tree); err != nil {
		return got, err
	}
	if err := o.readTree(ctx, s.tree.Pin(), got.places); err != nil {
		return got, advise(err)
	}
	return got, o.unchanged(ctx)
}

// readTree verifies the manifest as the store has it.
func (p *publication) readTree(ctx context.Context, pin fetch.Pin, at places) error {
	o, err := verify.Open(ctx, p.store, pin, at.image, at.manifest, verify.Config{})
	if err != nil {
		return err
	}
	defer o.Close()
	return o.ScanTree(ctx)
}
