package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/verify"
)

func (p *publication) keyURL() string { return p.store.URL() + "/" + p.Key }

// atKey returns the object at the key if it has the image's bytes, nil if there is none.
func (o fromFile) atKey(ctx context.Context, s *sums) (*fetch.Location, error) {
	if o.Key == "" {
		return nil, nil
	}
	at, err := o.store.Stat(ctx, o.Key)
	if errors.Is(err, fetch.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = o.holds(ctx, s, at)
	}
	if errors.Is(err, fetch.ErrCorrupt) {
		return nil, fmt.Errorf("%w: %s has other bytes than %s: choose another --key, or remove that object if nobody needs it", fetch.ErrConflict, at.URL, s.tree.Pin())
	}
	return &at, err
}

// place creates the object at the key, never over another one.
func (o fromFile) place(ctx context.Context, s *sums) (*fetch.Location, error) {
	b := o.newBody(ctx, o.f.Name(), local{o.f, o.f.size}, s.tree)
	defer b.object.Close()
	b.step = func(n int64) { o.Progress(Placing, n, o.f.size) }
	at, err := o.create(ctx, b, s)
	if changed := b.changed.Load(); changed != nil {
		return nil, *changed
	}
	if errors.Is(err, fetch.ErrConflict) { // somebody was faster
		found, err := o.atKey(ctx, s)
		if found != nil || err != nil {
			return found, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	err = o.holds(ctx, s, at)
	if errors.Is(err, fetch.ErrOverwritten) {
		return nil, fmt.Errorf("%w: somebody else writes there: find out who before you publish again, nothing was recorded", err)
	}
	return &at, advise(err)
}

// create notes the MD5 beside the object where the store can: other tools look for it there.
func (o fromFile) create(ctx context.Context, b *body, s *sums) (fetch.Location, error) {
	if store, ok := o.store.(fetch.Annotated); ok {
		return store.CreateWith(ctx, o.Key, b, o.f.size, map[string]string{md5Name: s.md5})
	}
	return o.store.Create(ctx, o.Key, b, o.f.size)
}

// holds reads all of the object at at, and fails with fetch.ErrCorrupt if it has other bytes than the
// image.
func (o fromFile) holds(ctx context.Context, s *sums, at fetch.Location) error {
	if at.Size != s.tree.Size() {
		return fmt.Errorf("%w: %s has %d bytes, the image has %d", fetch.ErrCorrupt, at.URL, at.Size, s.tree.Size())
	}
	src, err := o.store.Open(at)
	if err != nil {
		return err
	}
	object := verify.New(s.tree.Manifest, at, verify.NewRemote(s.tree.Manifest, src, fileOf(s.tree), at, at), verify.Config{})
	defer object.Close()
	return object.Scan(ctx, func(n int64) { o.Progress(Comparing, n, at.Size) })
}
