// Package watch notices that an object is not what was pinned any more before a read fails of it, and
// that it is again.
package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// Target is an object to look at.
type Target struct {
	At fetch.Location
	// Probe asks for the object as it was pinned. An error that does not match fetch.ErrOverwritten
	// says nothing about it.
	Probe func(ctx context.Context) error
	// Accept is called with what is there now, if it has the pinned size: it succeeds if those are the
	// pinned bytes, and has later probes and reads go there. It is asked once for each such object.
	Accept func(ctx context.Context, now fetch.Location) error
}

// Config sets the pace and who is told. Found and Back are called from different goroutines for
// different targets.
type Config struct {
	Every   time.Duration // between two looks at a target, half of it more or less; default 60 s
	Timeout time.Duration // of one look; default 10 s

	Found func(at fetch.Location, err error) // each time that it is not what was pinned
	Back  func(at fetch.Location)            // each time that it is: a read may have found otherwise between two looks
}

func (c Config) withDefaults() Config {
	if c.Every <= 0 {
		c.Every = time.Minute
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

// Run looks at all targets until ctx ends. It acts on what it sees, not on what it saw change.
func Run(ctx context.Context, targets []Target, cfg Config) {
	cfg = cfg.withDefaults()
	var all sync.WaitGroup
	for _, t := range targets {
		all.Go(func() { (&watch{Target: t, cfg: cfg}).run(ctx) })
	}
	all.Wait()
}

// watch is one target and what was last known of it.
type watch struct {
	Target
	cfg      Config
	rejected fetch.Location // it was this, and of other bytes
}

func (w *watch) run(ctx context.Context) {
	for {
		pause := w.cfg.Every/2 + rand.N(w.cfg.Every) // so that not all nodes come at the same moment
		select {
		case <-time.After(pause):
			w.look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// look looks once.
func (w *watch) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	err := w.Probe(ctx)
	var overwritten *fetch.OverwrittenError
	if errors.As(err, &overwritten) && w.accepted(ctx, overwritten) {
		err = nil
	}
	switch {
	case errors.Is(err, fetch.ErrOverwritten):
		w.cfg.Found(w.At, err)
	case err == nil:
		w.cfg.Back(w.At)
	}
}

// accepted reports whether what is there now has the pinned bytes after all: the same were uploaded
// again.
func (w *watch) accepted(ctx context.Context, o *fetch.OverwrittenError) bool {
	if o.Gone || o.Got.Size != o.Want.Size || o.Got.ETag == "" || o.Got == w.rejected {
		return false
	}
	err := w.Accept(ctx, o.Got)
	if errors.Is(err, fetch.ErrCorrupt) {
		w.rejected = o.Got
	}
	return err == nil
}
