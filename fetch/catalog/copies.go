package catalog

import (
	"cmp"
	"context"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Copy is an object of a pin as a listing has it.
type Copy struct {
	Key  string
	Part record.Part
	N    int // 0 = the object at the content-addressed key itself
	fetch.Location
}

// Copies lists what the store has of pin, the newest copies first.
func (c *Catalog) Copies(ctx context.Context, pin fetch.Pin) ([]Copy, error) {
	var all []Copy
	for e, err := range c.store.List(ctx, record.PinPrefix(pin)) {
		if err != nil {
			return nil, err
		}
		if _, part, n, err := record.ParseImageKey(e.Key); err == nil {
			all = append(all, Copy{e.Key, part, n, e.Location})
		}
	}
	slices.SortFunc(all, func(a, b Copy) int { return cmp.Compare(b.N, a.N) })
	return all, nil
}

// addCopies makes the newest copies the place to read. Where a revision is not current, no record can
// tell of a repair: adding one would move the name. A listing that fails costs only that.
func (c *Catalog) addCopies(ctx context.Context, p *Place) {
	all, err := c.Copies(ctx, p.Pin)
	if err != nil {
		return
	}
	newest := func(part record.Part) (fetch.Location, bool) {
		i := slices.IndexFunc(all, func(c Copy) bool { return c.Part == part && c.N > 0 })
		if i < 0 {
			return fetch.Location{}, false
		}
		return all[i].Location, true
	}
	if image, ok := newest(record.ImagePart); ok && image.URL != p.Image.URL {
		p.Others = slices.Insert(p.Others, 0, p.Image)
		p.Image = image
	}
	if manifest, ok := newest(record.ManifestPart); ok && manifest.URL != p.Manifest.URL {
		p.Manifest = manifest
	}
}
