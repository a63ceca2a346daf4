package scrub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
)

// inventory is what a store lists, and what its records say of that.
type inventory struct {
	store string // URL
	names map[record.Name]*history
	pins  map[fetch.Pin]*holding
	// foreign are keys that pinfs does not make; uploads counts intents.
	foreign []string
	uploads int

	mu sync.Mutex // guards pins and the units in them while records are read
}

// history is the revisions of a name.
type history struct {
	listed []int // rising
	now    fetch.Pin
}

// holding is what a store has of a pin.
type holding struct {
	copies []catalog.Copy
	units  []*unit
	byKey  map[place]*unit
}

// place is what a unit is read from.
type place struct{ image, manifest fetch.Location }

// unit is one image with one manifest.
type unit struct {
	place
	pin    fetch.Pin
	named  []Revision // none: only the listing knows of it
	listed place      // what the listing has at these keys
	result
}

// everything begins the key of all that pinfs keeps.
const everything = ".pinfs/"

// take lists the store. What is in it meanwhile may be missing: images come before the records of them.
func (r *run) take(ctx context.Context) (*inventory, error) {
	prefixes := []string{everything}
	if r.Prefix != "" {
		prefixes = []string{record.ImagesPrefix, record.NamePrefix(r.Prefix)}
	}
	inv, err := retry.Do(ctx, r.Retry, func() (*inventory, error) {
		inv := &inventory{store: r.store.URL(), names: map[record.Name]*history{}, pins: map[fetch.Pin]*holding{}}
		for _, prefix := range prefixes {
			for e, err := range r.store.List(ctx, prefix) {
				if err != nil {
					return nil, err
				}
				inv.add(e)
			}
		}
		return inv, nil
	})
	if err != nil {
		return nil, err
	}
	if r.Prefix != "" && len(inv.names) == 0 {
		return nil, fmt.Errorf("%w: no name %s in %s, and none below it", fetch.ErrNotFound, r.Prefix, r.store.URL())
	}
	r.Names, r.Uploads = len(inv.names), inv.uploads
	return inv, nil
}

// add takes in one listed object.
func (inv *inventory) add(e fetch.Entry) {
	if pin, part, n, err := record.ParseImageKey(e.Key); err == nil {
		h := inv.holding(pin)
		h.copies = append(h.copies, catalog.Copy{Key: e.Key, Part: part, N: n, Location: e.Location})
	} else if name, revision, err := record.ParseRecordKey(e.Key); err == nil {
		if inv.names[name] == nil {
			inv.names[name] = &history{}
		}
		inv.names[name].listed = append(inv.names[name].listed, revision)
	} else if _, _, err := record.ParseIntentKey(e.Key); err == nil {
		inv.uploads++
	} else if !strings.HasPrefix(e.Key, record.ProbePrefix) && !strings.HasPrefix(e.Key, record.RemovalPrefix) {

		inv.foreign = append(inv.foreign, e.Key)
	}
}

func (inv *inventory) holding(pin fetch.Pin) *holding {
	if inv.pins[pin] == nil {
		inv.pins[pin] = &holding{byKey: map[place]*unit{}}
	}
	return inv.pins[pin]
}

// unit returns the one at p, which is new if nobody has named it before.
func (h *holding) unit(pin fetch.Pin, p place) *unit {
	u := h.byKey[p]
	if u == nil {
		u = &unit{place: p, pin: pin}
		h.byKey[p], h.units = u, append(h.units, u)
	}
	return u
}

// at is what the listing has at a URL, the zero one if it has nothing there.
func (h *holding) at(url string) fetch.Location {
	if i := slices.IndexFunc(h.copies, func(c catalog.Copy) bool { return c.URL == url }); i >= 0 {
		return h.copies[i].Location
	}
	return fetch.Location{}
}

// known gives a location that has no identity the one that the listing tells.
func (h *holding) known(at fetch.Location) fetch.Location {
	if found := h.at(at.URL); at.ETag == "" && found.URL != "" {
		return found
	}
	return at
}

// complete adds what is listed and not named, of all pins or only of those that have a name.
func (inv *inventory) complete(pin fetch.Pin, all bool) {
	h := inv.pins[pin]
	if !all && len(h.units) == 0 {
		h.copies = nil
		return
	}
	manifest := fetch.Location{URL: inv.store + "/" + record.ManifestKey(pin)}
	newest := -1
	for _, c := range h.copies {
		if c.Part == record.ManifestPart && c.N > newest {
			manifest, newest = c.Location, c.N
		}
	}
	for _, c := range h.copies {
		if c.Part == record.ImagePart && !h.names(c.Location, manifest) {
			h.unit(pin, place{c.Location, manifest})
		}
	}
	if len(h.units) == 0 { // a manifest alone
		h.unit(pin, place{fetch.Location{URL: inv.store + "/" + record.ImageKey(pin)}, manifest})
	}
	for _, u := range h.units {
		u.listed = place{h.at(u.image.URL), h.at(u.manifest.URL)}
	}
}

// names reports whether a record names these two objects, as far as a listing tells their identity.
func (h *holding) names(image, manifest fetch.Location) bool {
	return slices.ContainsFunc(h.units, func(u *unit) bool { return same(u.image, image) && same(u.manifest, manifest) })
}

// same compares what a listing tells.
func same(a, b fetch.Location) bool { return a.URL == b.URL && a.ETag == b.ETag && a.Size == b.Size }

// key is the key of an object in the store.
func (inv *inventory) key(url string) string { return strings.TrimPrefix(url, inv.store+"/") }
