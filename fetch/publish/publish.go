// Package publish puts an image into a store under a name, so that nobody is overwritten and nothing
// is named that did not verify.
package publish

import (
	"cmp"
	"context"
	"errors"
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
	Expect    fetch.Pin    // if set, the name may move, and only from this pin
	Progress  Progress     // nil = nobody watches
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
)

// Result says what is in the store now.
type Result struct {
	Record   *record.Record
	Uploaded bool // false: the same bytes were there already
	Added    bool // false: the name had this pin already, and nothing was written
}

// publication is one run of Publish.
type publication struct {
	Request
	store   fetch.Store
	catalog *catalog.Catalog
}

// Publish hashes the file, uploads it to its content-addressed key, reads everything back through
// the verifier and then binds the name to it. The record is the commit point: before it, readers of
// the name see nothing of all this. Publishing what the name already stands for succeeds without a
// write, so that a pipeline can be run again; should the store have lost what was recorded, it is
// uploaded anew and recorded as a further revision.
//
// Errors: fetch.ErrConflict if the name has another pin (set Expect to move it) or somebody else won
// the race for the revision; fetch.ErrCorrupt if the store does not give back what was sent; those of
// the store. A failed run leaves the name as it was; image bytes without a record may stay behind,
// where the next run for the same file finds them. Nothing that is in the store is ever removed:
// somebody else may have verified and named it meanwhile.
func Publish(ctx context.Context, store fetch.Store, req Request) (*Result, error) {
	p := &publication{req, store, catalog.New(store)}
	if p.Progress == nil {
		p.Progress = func(Phase, int64, int64) {}
	}
	if p.Class == "" {
		p.Class = record.Release
	}
	if err := record.CheckRequest(p.Name, p.Class, cmp.Or(p.MediaType, unknownMedia), p.Publisher); err != nil {
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
	return p.bind(ctx, f, sums)
}

// bind stores what was hashed and adds the record, unless the name is bound to it already.
func (p *publication) bind(ctx context.Context, f *image, sums *sums) (*Result, error) {
	current, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	if current != nil && current.Pin == sums.tree.Pin() {
		kept, err := p.kept(ctx, current)
		if kept || err != nil {
			return &Result{Record: current}, err
		}
	} else if err := p.mayMove(current, sums.tree.Pin()); err != nil {
		return nil, err
	}
	at, uploaded, err := p.upload(ctx, f, sums.tree)
	if err != nil {
		return nil, err
	}
	r := p.newRecord(current, sums, at)
	return p.commit(ctx, r, uploaded)
}

// current returns the name's newest record, nil if the name is new.
func (p *publication) current(ctx context.Context) (*record.Record, error) {
	r, err := p.catalog.Current(ctx, p.Name)
	if errors.Is(err, fetch.ErrNotFound) {
		return nil, p.reachable(ctx)
	}
	return r, err
}

// kept reports whether the store still has what r names, by identity: it was verified when it was
// recorded, and one byte of each object is enough to see that nobody has put another in its place.
func (p *publication) kept(ctx context.Context, r *record.Record) (bool, error) {
	place := p.catalog.Place(r)
	place.Image.Size, place.Manifest.Size = r.Size, r.Manifest.Size
	err := p.touch(ctx, place.Image)
	if err == nil {
		err = p.touch(ctx, place.Manifest)
	}
	if errors.Is(err, fetch.ErrOverwritten) || errors.Is(err, fetch.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// touch fails unless the object at at is the one that was seen there.
func (p *publication) touch(ctx context.Context, at fetch.Location) error {
	if at.ETag == "" { // a copied store: only the size is known
		key, err := at.KeyIn(p.store.URL())
		if err != nil {
			return err
		}
		found, err := p.store.Stat(ctx, key)
		if err == nil && found.Size != at.Size {
			err = &fetch.OverwrittenError{Want: at, Got: found}
		}
		return err
	}
	src, err := p.store.Open(at)
	if err != nil {
		return err
	}
	return src.ReadAt(ctx, make([]byte, 1), 0)
}

// reachable tells a new name from a bucket that is not there.
func (p *publication) reachable(ctx context.Context) error {
	for _, err := range p.store.List(ctx, record.NamePrefix(p.Name)) {
		return err
	}
	return nil
}

// mayMove is the rule that no name moves by accident.
func (p *publication) mayMove(current *record.Record, pin fetch.Pin) error {
	switch {
	case current == nil && !p.Expect.IsZero():
		return fmt.Errorf("%w: %s/%s is expected to be %s, but there is no such name", fetch.ErrConflict, p.store.URL(), p.Name, p.Expect)
	case current == nil || current.Pin == p.Expect:
		return nil
	case p.Expect.IsZero():
		return fmt.Errorf("%w: %s/%s is %s since %s (revision %d by %s), this file is %s: choose another name, or move it with --replace --expect %s",
			fetch.ErrConflict, p.store.URL(), p.Name, current.Pin, current.Created.Format(time.RFC3339), current.Revision, current.Publisher, pin, current.Pin)
	}
	return fmt.Errorf("%w: %s/%s is expected to be %s, but is %s since %s (revision %d by %s): look who moved it before you replace it",
		fetch.ErrConflict, p.store.URL(), p.Name, p.Expect, current.Pin, current.Created.Format(time.RFC3339), current.Revision, current.Publisher)
}

func (p *publication) newRecord(current *record.Record, s *sums, at places) *record.Record {
	r := &record.Record{
		Name: p.Name, Revision: 1, Pin: s.tree.Pin(), Size: s.tree.Size(), SHA256: s.sha256, MD5: s.md5,
		MediaType: p.MediaType, Class: p.Class, Created: time.Now().UTC().Truncate(time.Second), Publisher: p.Publisher,
		Manifest: at.manifest, Locations: []fetch.Location{at.image},
	}
	if r.MediaType == "" {
		r.MediaType = s.mediaType
	}
	if current != nil {
		r.Revision, r.Replaces = current.Revision+1, current.Pin
	}
	return r
}

// commit adds the record and looks at what the store holds then. Whoever loses the race for the
// revision against an equal pin has what he wanted.
func (p *publication) commit(ctx context.Context, r *record.Record, uploaded bool) (*Result, error) {
	addErr := p.catalog.Add(ctx, r)
	if addErr != nil && !errors.Is(addErr, fetch.ErrConflict) {
		return nil, addErr
	}
	stored, err := p.catalog.At(ctx, r.Name, r.Revision)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	if stored.Pin != r.Pin {
		return nil, fmt.Errorf("%w: %s published %s as %s/%s, revision %d, at the same time",
			fetch.ErrConflict, stored.Publisher, stored.Pin, p.store.URL(), r.Name, r.Revision)
	}
	return &Result{Record: stored, Uploaded: uploaded, Added: addErr == nil}, nil
}
