package main

import (
	"cmp"
	"context"
	"sync"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/fetch/watch"
)

// remote is an image at one source. It is opened by the first use that succeeds: a directory that is
// mounted later, or a file with credentials that is written later, is a source from then on.
type remote struct {
	a *app
	m *manifest.Manifest
	source

	mu     sync.Mutex     // guards all below
	now    source         // as it is read, if something else has taken the place of what was pinned
	opened *verify.Remote // nil before
	trying chan struct{}  // closed at the end of an attempt to open; nil if none is made
	failed error          // of the last attempt
}

var _ verify.Origin = (*remote)(nil)

// mirrored is r as the mirror has it.
func (r *remote) mirrored() mirror.Source {
	return mirror.Source{At: r.Image, Blocks: r, ImageOnly: r.Manifest.URL == ""}
}

// open waits for the source no longer than ctx lives: a directory may hang.
func (r *remote) open(ctx context.Context) (*verify.Remote, error) {
	r.mu.Lock()
	if r.opened != nil {
		defer r.mu.Unlock()
		return r.opened, nil
	}
	if r.trying == nil {
		r.trying = make(chan struct{})
		go r.try(r.trying)
	}
	trying := r.trying
	r.mu.Unlock()
	select {
	case <-trying:
	case <-ctx.Done():
		return nil, fetch.NoAnswer(ctx, r.Store)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	return nil, r.failed
}

func (r *remote) try(ended chan struct{}) {
	defer close(ended)
	store, err := r.a.reader(r.Store)
	var opened *verify.Remote
	if err == nil {
		opened, err = verify.OpenRemote(r.m, store, r.Image, r.Manifest)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trying, r.failed = nil, err
	if r.opened == nil {
		r.opened = opened
	}
}

// Leaves implements verify.Origin.
func (r *remote) Leaves(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	opened, err := r.open(ctx)
	if err != nil {
		return verify.Failed(n, err)
	}
	return opened.Leaves(ctx, index, n, above)
}

// Node implements verify.Origin.
func (r *remote) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	opened, err := r.open(ctx)
	if err != nil {
		return manifest.HashBlock{}, err
	}
	return opened.Node(ctx, n, parent)
}

// targets are the objects of r that a mount looks after; again hears of one that was put there again.
func (r *remote) targets(o *verify.Object, again func(now fetch.Location)) []watch.Target {
	list := []watch.Target{{At: r.Image, Probe: r.probing((*verify.Remote).Probe)}}
	if r.Manifest.URL != "" {
		list = append(list, watch.Target{At: r.Manifest, Probe: r.probing((*verify.Remote).ProbeTree)})
	}
	for i := range list {
		list[i].Accept = func(ctx context.Context, now fetch.Location) error {
			err := r.accept(ctx, o, now)
			if err == nil {
				again(now)
			}
			return err
		}
	}
	return list
}

// probing asks for an object as r reads it.
func (r *remote) probing(probe func(*verify.Remote, context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		opened, err := r.open(ctx)
		if err != nil {
			return err
		}
		return probe(opened, ctx)
	}
}

// accept has r read the object that is in the place of its image or of its manifest now, if that has
// the pinned bytes as far as samples tell.
func (r *remote) accept(ctx context.Context, o *verify.Object, now fetch.Location) error {
	store, err := r.a.reader(r.Store)
	if err != nil {
		return err
	}
	if err := r.same(ctx, store, o, now); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := cmp.Or(r.now, r.source)
	if now.URL == r.Image.URL {
		next.Image = now
	} else {
		next.Manifest = now
	}
	opened, err := verify.OpenRemote(r.m, store, next.Image, next.Manifest)
	if err == nil {
		r.now, r.opened = next, opened
	}
	return err
}

// same returns nil if the object at now has the pinned bytes, as far as samples tell.
func (r *remote) same(ctx context.Context, store verify.Store, o *verify.Object, now fetch.Location) error {
	if now.URL != r.Image.URL {
		_, err := verify.ReadHead(ctx, store, r.m.Pin(), now)
		return err
	}
	image, err := verify.OpenRemote(r.m, store, now, fetch.Location{})
	if err != nil {
		return err
	}
	return o.Sample(ctx, image, samples)
}

// samples is how many leaves are compared before an object with a new identity is read on.
const samples = 16
