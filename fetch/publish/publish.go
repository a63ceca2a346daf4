// Package publish puts an image into a store under a name, so that nobody is overwritten and nothing
// is named that did not verify.
package publish

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
)

// Request says what to publish.
type Request struct {
	File      string // path of a regular, non-empty file that nobody writes meanwhile
	Name      record.Name
	Class     record.Class // "" = release
	MediaType string       // "" = found out from the first bytes
	Publisher string       // who does it, such as user@host
	Key       string       // if set, the image is placed there, too, for other tools; nothing is overwritten
	Expect    fetch.Pin    // if set, the name may move, and only from this pin
	Progress  Progress     // nil = nobody watches

	// Waiting is called with the intent of somebody who publishes the same bytes and is waited for; nil =
	// nobody wants to know.
	Waiting func(other record.Intent)

	// Exclusive says that the store honours the condition of Create whatever happens at the same time, as
	// directories and most S3 servers do. Without it revisions are shared out beforehand, and their numbers
	// may have gaps.
	Exclusive bool
	// Ask finds out whether the store is Exclusive; nil = Exclusive says it. It is called once, when something
	// is about to be written.
	Ask func(context.Context) bool

	// Lease is after how long without a sign of life of this run others may go on. Default 1 minute.
	Lease time.Duration
}

const (
	defaultLease = time.Minute
	minLease     = 3 * time.Second // stores tell times in whole seconds
	maxLease     = time.Hour
)

// CheckLease refuses leases that no store can tell the end of, or nobody wants to wait for.
func CheckLease(d time.Duration) error {
	if d < minLease || d > maxLease {
		return fmt.Errorf("lease of %s: want %s to %s", d, minLease, maxLease)
	}
	return nil
}

// Progress is told, concurrently, of n more bytes of total done in a phase.
type Progress func(phase Phase, n, total int64)

// Phase is one pass over the image's bytes.
type Phase string

// The phases in their order.
const (
	Hashing   Phase = "hash"
	Uploading Phase = "upload"
	Checking  Phase = "check"
	Placing   Phase = "place"   // at Request.Key
	Comparing Phase = "compare" // what is there
)

// Result says what is in the store now.
type Result struct {
	Record   *record.Record
	Uploaded bool // false: the same bytes were there already
	Added    bool // false: the name had this pin already, and nothing was written

	Took map[Phase]time.Duration // of the phases that there were

	Agreed []string // of what was adopted: who says that it has the MD5 that it has
}

// publication is one run of Publish or Adopt.
type publication struct {
	Request
	store   fetch.Store
	catalog *catalog.Catalog
	clock   *clock
}

// Publish hashes the file, announces that it is about to publish, uploads the file to its
// content-addressed key, reads everything back through the verifier and then binds the name to it. The
// record is the commit point: before it, readers of the name see nothing of all this. Publishing what
// the name already stands for succeeds without a write, so that a pipeline can be run again, and
// publishing what somebody else is just publishing waits for that; should the store have lost what
// was recorded, it is uploaded anew and recorded as a further revision.
//
// Errors: fetch.ErrConflict if the name has another pin (set Expect to move it), if somebody else is
// publishing under it, or won the race for the revision; fetch.ErrCorrupt if the store does not give
// back what was sent; those of the store. A failed run leaves the name as it was; image bytes without a
// record may stay behind, where the next run for the same file finds them. No image is ever removed:
// somebody else may have verified and named it meanwhile.
func Publish(ctx context.Context, store fetch.Store, req Request) (*Result, error) {
	p, err := newPublication(store, req)
	if err != nil {
		return nil, err
	}
	f, err := openImage(req.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums, err := p.hash(ctx, f)
	if err != nil {
		return nil, err
	}
	return p.bind(ctx, fromFile{p, f}, sums)
}

// newPublication fills in the defaults and refuses what no store could do.
func newPublication(store fetch.Store, req Request) (*publication, error) {
	p := &publication{Request: req, store: store, catalog: catalog.New(store), clock: new(clock)}
	if p.Progress == nil {
		p.Progress = func(Phase, int64, int64) {}
	}
	p.Progress = p.clock.watched(p.Progress)
	if p.Waiting == nil {
		p.Waiting = func(record.Intent) {}
	}
	p.Class, p.Lease = cmp.Or(p.Class, record.Release), cmp.Or(p.Lease, defaultLease)
	return p, p.Check()
}

// Check finds what no store could do, before anything is read.
func (r Request) Check() error {
	class, media := cmp.Or(r.Class, record.Release), cmp.Or(r.MediaType, unknownMedia)
	if err := CheckLease(cmp.Or(r.Lease, defaultLease)); err != nil {
		return err
	}
	if err := record.CheckRequest(r.Name, class, media, r.Publisher); err != nil || r.Key == "" {
		return err
	}
	// Least of all may the key be one of ours. What keeps scratch names out of the way of others keeps
	// their objects there, too.
	key, err := record.ParseName(r.Key)
	if err == nil {
		err = record.CheckRequest(key, class, media, r.Publisher)
	}
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	return nil
}
