package publish

import (
	"context"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// origin is where the bytes come from that a name is to stand for: a file, or an object that is there.
type origin interface {
	// recorded reports whether r, whose pin is that of the bytes, leaves nothing to be recorded.
	recorded(ctx context.Context, r *record.Record) (bool, error)

	// provide sees to it that the store has the image and its manifest, and that both are right. current
	// is the record that the name has now, nil if it is new.
	provide(ctx context.Context, s *sums, current *record.Record) (provided, error)
}

// provided is what the store has now.
type provided struct {
	places
	more     []fetch.Location // of the image
	uploaded bool             // it was not there before
}

// fromFile is a file that is uploaded, as an origin.
type fromFile struct {
	*publication
	f *image
}

// recorded implements origin: the name must be read from where nobody but us writes, which is not so of
// what was adopted, and from the key that was asked for.
func (o fromFile) recorded(ctx context.Context, r *record.Record) (bool, error) {
	if !strings.HasPrefix(o.catalog.Place(r).Image.URL, o.store.URL()+"/"+record.ImagesPrefix) {
		return false, nil
	}
	if o.Key != "" {
		i := slices.IndexFunc(r.Locations, func(at fetch.Location) bool { return at.URL == o.keyURL() })
		if i < 0 {
			return false, nil
		}
		if there, err := o.there(ctx, r.Locations[i]); !there {
			return false, err
		}
	}
	return o.kept(ctx, r)
}

// provide implements origin. What is at the key in the first place is looked at before gigabytes move.
func (o fromFile) provide(ctx context.Context, s *sums, current *record.Record) (got provided, err error) {
	placed, err := o.atKey(ctx, s)
	if err != nil {
		return got, err
	}
	if got.places, got.uploaded, err = o.upload(ctx, o.f, s.tree); err != nil {
		return got, err
	}
	if placed == nil && o.Key != "" {
		if placed, err = o.place(ctx, s); err != nil {
			return got, err
		}
	}
	if placed != nil {
		got.more = []fetch.Location{*placed}
	}
	others, err := o.besides(ctx, s.tree.Pin(), current, append(got.more, got.image)...)
	got.more = append(got.more, others...)
	return got, err
}

// besides are the objects of the store, others than those, from which the image can be read by the name
// as it is now. A record that adds a place must not forget them.
func (p *publication) besides(ctx context.Context, pin fetch.Pin, current *record.Record, those ...fetch.Location) (list []fetch.Location, err error) {
	if current == nil || current.Pin != pin {
		return nil, nil
	}
	for _, at := range current.Locations {
		_, err := at.KeyIn(p.store.URL())
		if err != nil || slices.ContainsFunc(those, func(l fetch.Location) bool { return l.URL == at.URL }) {
			continue
		}
		there, err := p.there(ctx, at)
		if err != nil {
			return nil, err
		}
		if there {
			list = append(list, at)
		}
	}
	return list, nil
}
