package scrub

import (
	"cmp"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Verdict is a fetch.Verdict, or one of these, which ask nobody to do anything.
type Verdict string

// What is not wrong.
const (
	OK       Verdict = "ok"
	Repaired Verdict = "repaired" // damaged, and everybody who names it is told another place
	Orphan   Verdict = "orphan"   // no record names it
	Foreign  Verdict = "foreign"  // no key of pinfs
)

// worst orders what is wrong: what says most about the bytes first.
var worst = []fetch.Verdict{
	fetch.ErrCorrupt, fetch.ErrMalformed, fetch.ErrOverwritten, fetch.ErrConflict, fetch.ErrNotFound, fetch.ErrDenied, fetch.ErrUnavailable,
}

// Revision is a record.
type Revision struct {
	Name     record.Name `json:"name"`
	Revision int         `json:"revision"`
}

// Finding is what there is to say of one image, with its manifest, or of one other key.
type Finding struct {
	Verdict  Verdict         `json:"verdict"`
	Object   string          `json:"object"` // URL of what the verdict is about
	Pin      fetch.Pin       `json:"pin,omitzero"`
	Image    *fetch.Location `json:"image,omitempty"` // nil unless it is about an image
	Manifest *fetch.Location `json:"manifest,omitempty"`
	Named    []Revision      `json:"named,omitempty"`         // by which records
	Leaves   int64           `json:"leaves,omitempty"`        // of the image
	Corrupt  int64           `json:"corruptLeaves,omitempty"` // how many of them are
	First    []int64         `json:"corrupt,omitempty"`       // the indexes of the first hundred
	Same     bool            `json:"sameBytes,omitempty"`     // overwritten, but what is there now has the right bytes
	Earlier  bool            `json:"earlier,omitempty"`       // found right by an earlier run of this pass
	Message  string          `json:"message,omitempty"`
}

// maxFirst bounds Finding.First.
const maxFirst = 100

// Summary counts.
type Summary struct {
	Complete  bool            `json:"complete"` // false: the next run goes on
	Names     int             `json:"names"`
	Revisions int             `json:"revisions"`
	Images    int             `json:"images"`
	Bytes     int64           `json:"bytes"`   // that were read and found right
	Earlier   int             `json:"earlier"` // images found right by earlier runs of this pass
	Uploads   int             `json:"uploads"` // in progress, or left behind
	Verdicts  map[Verdict]int `json:"verdicts"`
}

// Wrong returns the verdicts that somebody has to act on, the worst first.
func Wrong() []fetch.Verdict { return slices.Clone(worst) }

// Verdict returns the worst verdict, or OK.
func (s Summary) Verdict() Verdict { return cmp.Or(Verdict(s.Worst()), OK) }

// Worst returns the worst verdict that was found, "" if nobody has to do anything.
func (s Summary) Worst() fetch.Verdict {
	for _, v := range worst {
		if s.Verdicts[Verdict(v)] > 0 {
			return v
		}
	}
	return ""
}
