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

// Repairing is the phase that comes before all others of a Repair: what the store has is read.
const Repairing Phase = "look"

// RepairRequest says what to repair. Publisher, Progress, Waiting, Exclusive, Ask and Lease are those of Request.
type RepairRequest struct {
	Name record.Name // "" = what lies at the content-addressed keys
	Pin  fetch.Pin   // that Name has, or had

	// Open returns the bytes to repair from, which nobody has to trust; From is what to call them. It is
	// called only when something is damaged.
	Open func(ctx context.Context) (fetch.Source, error)
	From string

	Publisher string
	Progress  Progress
	Waiting   func(other record.Intent)
	Exclusive bool
	Ask       func(context.Context) bool
	Lease     time.Duration
}

// Repair is what came of a repair.
type Repair struct {
	Damage          error // what was wrong; nil = nothing was, and nothing was written
	Image, Manifest fetch.Location
	Uploaded        bool           // false: the store had the right bytes, though nobody was told
	Record          *record.Record // that was added and tells of the new place; nil if none was
}

// repair is one run of Mend.
type repair struct {
	*publication
	req  RepairRequest
	src  fetch.Source // nil before it is needed
	sums *sums        // of src
}

// Mend sees to it that the image and the manifest of a pin, as a store has them, are right. It reads them,
// and if anything is damaged, missing or overwritten, reads the source completely, compares that with the
// pin, puts right objects where nothing lies, and reads them back through the verifier. Where the name
// stands for the pin it then adds a revision with the same pin that tells of them; for a pin that the
// name had once, they are found by a listing. Nothing is overwritten and nothing is removed.
//
// Errors: fetch.ErrCorrupt if the source does not have the image, or the store does not give back what was
// sent; fetch.ErrConflict if somebody moves the name meanwhile, or the name is "" and a damaged object is
// in the way; those of the store and of the source.
func Mend(ctx context.Context, store fetch.Store, req RepairRequest) (*Repair, error) {
	r := &repair{req: req, publication: &publication{store: store, catalog: catalog.New(store), Request: Request{
		Name: req.Name, Expect: req.Pin, Publisher: req.Publisher, Progress: req.Progress, Waiting: req.Waiting,
		Exclusive: req.Exclusive, Ask: req.Ask, Lease: cmp.Or(req.Lease, defaultLease),
	}}}
	if r.Progress == nil {
		r.Progress = func(Phase, int64, int64) {}
	}
	if r.Waiting == nil {
		r.Waiting = func(record.Intent) {}
	}
	if err := CheckLease(r.Lease); err != nil {
		return nil, err
	}
	return patiently(ctx, r.publication, func() (*Repair, error) { return r.try(ctx) })
}

// try fails with a busyError if it is worth another try.
func (r *repair) try(ctx context.Context) (*Repair, error) {
	place, err := r.catalog.Resolve(ctx, r.req.Name, r.req.Pin)
	if err != nil {
		return nil, err
	}
	current, err := r.isCurrent(ctx, place)
	if err != nil {
		return nil, err
	}
	damage := r.look(ctx, place, current)
	if !mendable(damage) {
		return &Repair{Image: place.Image, Manifest: place.Manifest}, damage
	}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	done := &Repair{Damage: damage}
	if current == nil {
		return done, r.mend(ctx, place, done, nil)
	}
	return done, r.renew(ctx, place, done, current)
}

// isCurrent returns the record that place is of if the name stands for that now, nil if it does not.
func (r *repair) isCurrent(ctx context.Context, place catalog.Place) (*record.Record, error) {
	if place.Name == "" {
		return nil, nil
	}
	now, err := r.catalog.Current(ctx, place.Name)
	var disputed *catalog.DisputedError
	if errors.Is(err, fetch.ErrMalformed) || errors.As(err, &disputed) && disputed.Newest.Revision != place.Revision {
		return nil, nil // nobody reads the name as it is, but this pin of it is read
	}
	if err != nil || now.Revision != place.Revision {
		return nil, err
	}
	return now, nil
}

// renew mends what the name stands for and adds the record.
func (r *repair) renew(ctx context.Context, place catalog.Place, done *Repair, current *record.Record) error {
	r.Class, r.MediaType = current.Class, current.MediaType
	l, err := r.claim(ctx, current.Revision+1, r.req.Pin)
	if err != nil {
		return err
	}
	defer l.end()
	if err := r.still(ctx, current); err != nil {
		return err
	}
	if err := r.mend(ctx, place, done, current); err != nil {
		return err
	}
	others, err := r.others(ctx, current, done.Image)
	if err != nil {
		return err
	}
	if err := r.still(ctx, current); err != nil {
		return err
	}
	next := r.newRecord(l.intent.Revision, current, r.sums, places{done.Image, done.Manifest})
	next.Locations = append(next.Locations, others...)
	result, err := r.commit(ctx, l, next, done.Uploaded)
	if err != nil {
		return err
	}
	l.sweep(ctx)
	done.Record = result.Record
	return nil
}

// others are the places beside image that a record goes on to name: those in other stores, which are not
// ours to judge, and those that are right.
func (r *repair) others(ctx context.Context, current *record.Record, image fetch.Location) (list []fetch.Location, err error) {
	for _, at := range current.Locations {
		if at.URL == image.URL {
			continue
		}
		if r.here(at) {
			err := r.imageRight(ctx, at)
			if mendable(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		list = append(list, at)
	}
	return list, nil
}

func (r *repair) here(at fetch.Location) bool {
	_, err := at.KeyIn(r.store.URL())
	return err == nil
}

// open reads the source and compares it with the pin, once.
func (r *repair) open(ctx context.Context) error {
	if r.sums != nil {
		return nil
	}
	src, err := r.req.Open(ctx)
	if err != nil {
		return fmt.Errorf("repair from %s: %w", r.req.From, err)
	}
	s, err := r.sum(ctx, &inOrder{ctx: ctx, src: src}, src.Size())
	if err != nil {
		return fmt.Errorf("repair from %s: %w", r.req.From, err)
	}
	if s.tree.Pin() != r.req.Pin {
		return fmt.Errorf("repair from %s: %w: it is %s, not %s: name a source that has the image", r.req.From, fetch.ErrCorrupt, s.tree.Pin(), r.req.Pin)
	}
	r.src, r.sums = src, s
	return nil
}
