package catalog

import (
	"context"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Place is a pinned image and where this store has it.
type Place struct {
	Pin      fetch.Pin
	Name     record.Name // "" if it was asked for by pin alone
	Revision int         // 0 if it was asked for by pin alone
	Image    fetch.Location
	Manifest fetch.Location
	Others   []fetch.Location // of the image, as the record has them; in this store or anywhere
}

// Resolve finds what name (or, if name is empty, pin alone) stands for. It costs a listing and a
// record for a name, a record more for each newer revision with another pin and then a listing of
// repaired copies, and nothing for a pin alone, so that the place may turn out to be empty. With both
// given the name must have, or have had, that pin.
func (c *Catalog) Resolve(ctx context.Context, name record.Name, pin fetch.Pin) (Place, error) {
	if name == "" {
		return c.contentAddressed(pin), nil
	}
	if pin.IsZero() {
		r, err := c.Current(ctx, name)
		if err != nil {
			return Place{}, err
		}
		return c.Place(r), nil
	}
	r, last, err := c.withPin(ctx, name, pin)
	if err != nil {
		return Place{}, err
	}
	p := c.Place(r)
	if !last {
		c.addCopies(ctx, &p)
	}
	return p, nil
}

// contentAddressed says where an image lies whose identity nobody has told us.
func (c *Catalog) contentAddressed(pin fetch.Pin) Place {
	return Place{
		Pin:      pin,
		Image:    fetch.Location{URL: c.store.URL() + "/" + record.ImageKey(pin)},
		Manifest: fetch.Location{URL: c.store.URL() + "/" + record.ManifestKey(pin)},
	}
}

// Place takes from r the locations, of those in this store the first one as Image. A record that was copied here from another store
// names that one's; then the content-addressed keys are the place to look.
func (c *Catalog) Place(r *record.Record) Place {
	p := c.contentAddressed(r.Pin)
	p.Name, p.Revision = r.Name, r.Revision
	first := slices.IndexFunc(r.Locations, c.here)
	for i, l := range r.Locations {
		if i == first {
			p.Image = l
		} else {
			p.Others = append(p.Others, l)
		}
	}
	if c.here(r.Manifest) {
		p.Manifest = r.Manifest
	}
	return p
}

func (c *Catalog) here(l fetch.Location) bool {
	_, err := l.KeyIn(c.store.URL())
	return err == nil
}
