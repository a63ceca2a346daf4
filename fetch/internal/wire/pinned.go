package wire

import (
	"fmt"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
)

// Pinned is the identity that every answer of one source is held to. What the location that it was
// made from left open (ETag, version) the first answer fills in, once. It may be used concurrently.
type Pinned struct {
	loc atomic.Pointer[fetch.Location]
}

// Pin returns loc as the identity to hold answers to.
func Pin(loc fetch.Location) *Pinned {
	p := new(Pinned)
	p.loc.Store(&loc)
	return p
}

// Location returns what is pinned by now.
func (p *Pinned) Location() fetch.Location { return *p.loc.Load() }

// Hold compares an answer's identity with the pinned one and fills in what is still open there. Of
// two different first answers one is refused.
func (p *Pinned) Hold(found fetch.Location) error {
	for {
		pinned := p.loc.Load()
		if pinned.VersionID != "" && found.VersionID == "" {
			return fmt.Errorf("%w: the answer does not name its version", fetch.ErrUnavailable)
		}
		if found.Size != pinned.Size || pinned.ETag != "" && found.ETag != pinned.ETag ||
			pinned.VersionID != "" && found.VersionID != pinned.VersionID {
			return &fetch.OverwrittenError{Want: *pinned, Got: found}
		}
		if *pinned == found || p.loc.CompareAndSwap(pinned, &found) {
			return nil
		}
	}
}
