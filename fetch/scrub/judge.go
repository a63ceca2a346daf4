package scrub

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// judge says what has been found about the objects of a pin, all of which have been read.
func (inv *inventory) judge(h *holding) (all []Finding) {
	for _, u := range h.units {
		f := u.finding()
		switch {
		case len(u.named) > 0:
			inv.named(h, u, &f)
		case !h.recorded():
			orphan(u, &f)
		default:
			if h.explains(u) {
				continue
			}
			inv.unnamed(h, u, &f)
		}
		all = append(all, f)
	}
	return all
}

// finding is what reading the unit says by itself.
func (u *unit) finding() Finding {
	f := Finding{
		Verdict: OK, Object: u.image.URL, Pin: u.pin, Image: &u.image, Manifest: &u.manifest, Named: u.named,
		Leaves: u.leaves, Corrupt: u.corrupt, First: u.first, Earlier: u.earlier,
	}
	if !u.ok() {
		f.Verdict, f.Object, f.Message = Verdict(fetch.VerdictOf(u.err)), u.blamed(), u.err.Error()
	}
	return f
}

// blamed is the object that the error is about.
func (u *unit) blamed() string {
	var corrupt *verify.CorruptError
	if errors.As(u.err, &corrupt) {
		return corrupt.Location.URL
	}
	if at := fetch.ObjectOf(u.err); at != "" {
		return at
	}
	return u.image.URL
}

// recorded reports whether a record names the pin.
func (h *holding) recorded() bool {
	return slices.ContainsFunc(h.units, func(u *unit) bool { return len(u.named) > 0 })
}

// named judges what a record names.
func (inv *inventory) named(h *holding, u *unit, f *Finding) {
	if u.ok() {
		return
	}
	if other := h.newest(u); other != nil && other.ok() && errors.Is(u.err, fetch.ErrOverwritten) {
		f.Same = true
		f.Message += "; what is there now has the right bytes"
	}
	if !slices.ContainsFunc(u.named, func(ref Revision) bool { return !inv.healed(h, u, ref) }) {
		f.Verdict = Repaired
		f.Message += "; those who name it read another copy"
	}
}

// newest is the unit that only the listing knows of and that lies where u does.
func (h *holding) newest(u *unit) *unit {
	i := slices.IndexFunc(h.units, func(o *unit) bool { return len(o.named) == 0 && o.image.URL == u.image.URL })
	if i < 0 {
		return nil
	}
	return h.units[i]
}

// healed reports whether whoever asks for that name and pin is told another place, where all is right.
func (inv *inventory) healed(h *holding, u *unit, ref Revision) bool {
	past := inv.names[ref.Name].now != u.pin // then copies are looked for, see catalog.Copies
	return slices.ContainsFunc(h.units, func(o *unit) bool {
		if o == u || !o.ok() {
			return false
		}
		return past && inv.copied(o) || slices.ContainsFunc(o.named, func(r Revision) bool { return r.Name == ref.Name && r.Revision > ref.Revision })
	})
}

// copied reports whether one of the objects of u was put beside another one.
func (inv *inventory) copied(u *unit) bool {
	for _, at := range []fetch.Location{u.image, u.manifest} {
		if _, _, n, err := record.ParseImageKey(inv.key(at.URL)); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// explains reports whether u, which only the listing knows of, is said with something that a record names:
// the same object with another manifest, or what has taken the place of an overwritten one.
func (h *holding) explains(u *unit) bool {
	return slices.ContainsFunc(h.units, func(o *unit) bool {
		if len(o.named) == 0 || o.image.URL != u.image.URL {
			return false
		}
		return !o.ok() || u.ok() && same(o.image, u.image)
	})
}

// unnamed judges what lies where a record does not look, although one names the pin.
func (inv *inventory) unnamed(h *holding, u *unit, f *Finding) {
	above := slices.ContainsFunc(h.units, func(o *unit) bool { return len(o.named) > 0 && o.image.URL == u.image.URL })
	if above && !u.ok() {
		f.Verdict = Verdict(fetch.ErrOverwritten)
		f.Message = fmt.Sprintf("somebody has written a newer version, which is not this image; the recorded one is there: delete the newer one: %v", u.err)
	}
}

// orphan judges an image whose pin no record names. What is incomplete there is in nobody's way.
func orphan(u *unit, f *Finding) {
	if !u.ok() && !errors.Is(u.err, fetch.ErrNotFound) {
		f.Message += "; no record names it: delete it"
		return
	}
	f.Verdict = Orphan
	if u.ok() {
		f.Message = "no record names it: an upload that did not end, or one under way"
	}
}
