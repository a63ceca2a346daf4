// Package gc removes what publishers have left behind in a store and nobody needs.
package gc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Config says what to remove.
type Config struct {
	Grace  time.Duration // what is younger stays, whatever it is; at least MinGrace
	Delete bool          // false: only tell what would be removed
	Found  func(Garbage) // called for each; nil = nobody wants to know
}

// MinGrace leaves a publisher time to name what it has uploaded.
const MinGrace = time.Hour

// Kind is a sort of garbage.
type Kind string

// All kinds.
const (
	Image   Kind = "image"   // that no record names, with its manifest and copies
	Upload  Kind = "upload"  // in parts, that did not end
	Intent  Kind = "intent"  // of a publisher that has died
	Probe   Kind = "probe"   // what a killed probe has left
	Removal Kind = "removal" // the note of a killed run of this
)

// Garbage is what nobody needs.
type Garbage struct {
	Kind    Kind          `json:"kind"`
	Object  string        `json:"object"` // URL
	Size    int64         `json:"size"`   // bytes, as far as known
	Age     time.Duration `json:"-"`
	Seconds int64         `json:"age"` // the same
	Removed bool          `json:"removed"`
	Error   string        `json:"error,omitempty"` // why it was not
}

// Summary is what came of a run.
type Summary struct {
	Objects int   `json:"objects"` // that were removed, or would be
	Bytes   int64 `json:"bytes"`
}

// Run finds garbage, and removes it if cfg says so.
//
// It never removes an image that a record names, in any revision of any name, nor one that somebody is
// publishing. For that it says which images it is about to remove, by a note in the store, and looks once
// more who names them or is about to. A publisher announces itself first and then looks for such notes. Of
// the two one always sees the other: see publish.
//
// fetch.ErrMalformed if a record can not be read: it may name any image, so none is removed; all else is. Other
// errors are the store's. Run may be called while others use the store, and again at any time.
func Run(ctx context.Context, store fetch.Store, cfg Config) (Summary, error) {
	if cfg.Grace < MinGrace {
		return Summary{}, fmt.Errorf("grace of %s: want at least %s", cfg.Grace, MinGrace)
	}
	if cfg.Found == nil {
		cfg.Found = func(Garbage) {}
	}
	r := &run{Config: cfg, store: store, records: map[string]named{}}
	err := r.all(ctx)
	return r.Summary, err
}

// run is one run of Run.
type run struct {
	Config
	store   fetch.Store
	records map[string]named // by key: they never change
	ahead   time.Duration    // the store's clock of ours, as far as known
	Summary
}

func (r *run) all(ctx context.Context) error {
	if r.Delete {
		if err := r.askTime(ctx); err != nil {
			return err
		}
	}
	inv, err := r.look(ctx)
	if err != nil {
		return err
	}
	for _, g := range inv.debris(r.Grace) {
		r.drop(ctx, g)
	}
	err = r.parts(ctx, inv)
	if inv.unreadable != nil {
		return errors.Join(err, fmt.Errorf("images are left alone: %w", inv.unreadable))
	}
	return errors.Join(err, r.images(ctx, inv))
}

// askTime finds out how late it is by the store's clock: with a wrong one here all might look old. A dry run
// writes nothing and goes by ours.
func (r *run) askTime(ctx context.Context) (err error) {
	key := record.RemovalKey(fetch.Pin{}, rand.Text()) // of no image
	defer func() { err = errors.Join(err, r.store.Remove(context.WithoutCancel(ctx), key)) }()
	if _, err := r.store.Create(ctx, key, bytes.NewReader(nil), 0); err != nil {
		return fmt.Errorf("ask for the store's time: %w", err)
	}
	for e, err := range r.store.List(ctx, key) {
		if err != nil {
			return err
		}
		r.ahead = time.Until(e.Modified)
		return nil
	}
	return fmt.Errorf("%w: %s does not list what was just put there", fetch.ErrUnavailable, r.store.URL())
}

// parts ends uploads in parts that nobody goes on with.
func (r *run) parts(ctx context.Context, inv *inventory) error {
	store, ok := r.store.(fetch.Parted)
	if !ok {
		return nil
	}
	uploads, err := store.Unfinished(ctx, prefix)
	if err != nil {
		return err
	}
	for _, u := range uploads {
		age := inv.now.Sub(u.Begun)
		if age <= r.Grace || inv.wanted(u.Key) {
			continue
		}
		r.tell(Garbage{Kind: Upload, Object: r.store.URL() + "/" + u.Key, Age: age}, func() error { return store.Abort(ctx, u) })
	}
	return nil
}

// drop removes one object.
func (r *run) drop(ctx context.Context, g found) {
	r.tell(Garbage{Kind: g.kind, Object: r.store.URL() + "/" + g.key, Size: g.size, Age: g.age}, func() error { return r.remove(ctx, g.key) })
}

// tell removes g by remove, if that is wanted, and tells of it.
func (r *run) tell(g Garbage, remove func() error) {
	g.Seconds = int64(g.Age.Seconds())
	if r.Delete {
		err := remove()
		if g.Removed = err == nil; err != nil {
			g.Error = err.Error()
		}
	}
	if g.Error == "" {
		r.Objects++
		r.Bytes += g.Size
	}
	r.Found(g)
}

// maxVersions bounds how often an object is removed at whose key another version appears then.
const maxVersions = 100

// remove deletes all versions at key.
func (r *run) remove(ctx context.Context, key string) error {
	for range maxVersions {
		if err := r.store.Remove(ctx, key); err != nil {
			return err
		}
		if _, err := r.store.Stat(ctx, key); errors.Is(err, fetch.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("there is something still after %d times", maxVersions)
}
