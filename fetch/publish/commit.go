package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

func (p *publication) newRecord(revision int, current *record.Record, s *sums, at places) *record.Record {
	r := &record.Record{
		Name: p.Name, Revision: revision, Pin: s.tree.Pin(), Size: s.tree.Size(), SHA256: s.sha256, MD5: s.md5,
		MediaType: p.MediaType, Class: p.Class, Created: time.Now().UTC().Truncate(time.Second), Publisher: p.Publisher,
		Manifest: at.manifest, Locations: []fetch.Location{at.image},
	}
	if r.MediaType == "" {
		r.MediaType = s.mediaType
	}
	if current != nil {
		r.Follows, r.Replaces = current.Revision, current.Pin
	}
	return r
}

// commit adds the record and looks at what the store holds then. Whoever loses the race for the
// revision against an equal pin has what he wanted.
func (p *publication) commit(ctx context.Context, l *lease, r *record.Record, uploaded bool) (*Result, error) {
	addErr := p.catalog.Add(ctx, r)
	if addErr != nil && !errors.Is(addErr, fetch.ErrConflict) {
		if !p.Exclusive && !errors.Is(addErr, fetch.ErrDenied) {
			l.leave() // the store may do it yet, over somebody else's
		}
		return nil, addErr
	}
	stored, err := p.catalog.At(ctx, r.Name, r.Revision)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	if stored.Pin != r.Pin {
		return nil, p.lostTo(stored)
	}
	if addErr == nil {
		err = p.prevail(ctx, r)
	}
	return &Result{Record: stored, Uploaded: uploaded, Added: addErr == nil}, err
}

func (p *publication) lostTo(r *record.Record) error {
	return fmt.Errorf("%w: %s published %s as %s/%s, revision %d, at the same time",
		fetch.ErrConflict, r.Publisher, r.Pin, p.store.URL(), r.Name, r.Revision)
}

const (
	prevailTries = 20
	prevailPause = 100 * time.Millisecond
)

// prevail sees to it that r, which has just been added, is part of the name's history, and takes it back
// if it is not. This is about publishers that were stopped for longer than their lease just before
// they added their record, to a store that does not check conditions:
//
//   - one may have added a revision between r and what r follows: r goes;
//   - or r is the late one, and a later revision does not know of it. If that one's publisher is still
//     there he will take it back, for the reason above; if he does not, r goes.
func (p *publication) prevail(ctx context.Context, r *record.Record) error {
	for tries := 0; ; tries++ {
		revisions, err := p.catalog.Revisions(ctx, r.Name)
		if err != nil {
			return err
		}
		own := slices.Index(revisions, r.Revision)
		if own < 0 {
			return fmt.Errorf("%w: the store does not list %s, which it holds", fetch.ErrUnavailable, r.Key())
		}
		if own > 0 && r.Disputed(revisions[own-1]) {
			return p.withdraw(ctx, r, revisions[own-1])
		}
		if own == len(revisions)-1 {
			return nil
		}
		later, err := p.catalog.At(ctx, r.Name, revisions[own+1])
		switch {
		case errors.Is(err, fetch.ErrNotFound): // taken back just now
		case err != nil || !later.Disputed(r.Revision):
			return err
		case tries == prevailTries:
			return p.withdraw(ctx, r, later.Revision)
		}
		if err := sleep(ctx, prevailPause); err != nil {
			return err
		}
	}
}

// withdraw removes r, which nobody follows.
func (p *publication) withdraw(ctx context.Context, r *record.Record, other int) error {
	if err := p.store.Remove(ctx, r.Key()); err != nil {
		return fmt.Errorf("%w; remove %s/%s: revision %d was published meanwhile", err, p.store.URL(), r.Key(), other)
	}
	winner, err := p.catalog.At(ctx, r.Name, other)
	if err != nil {
		return fmt.Errorf("%w: revision %d of %s/%s was published meanwhile: %w", fetch.ErrConflict, other, p.store.URL(), r.Name, err)
	}
	return p.lostTo(winner)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
