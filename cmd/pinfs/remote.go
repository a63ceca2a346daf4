package main

import (
	"context"
	"sync"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/verify"
)

// remote is an image at one source. It is opened by the first use that succeeds: a directory that is
// mounted later, or a file with credentials that is written later, is a source from then on.
type remote struct {
	a *app
	m *manifest.Manifest
	source

	mu     sync.Mutex     // guards opened
	opened *verify.Remote // nil before
}

var _ verify.Origin = (*remote)(nil)

// mirrored is r as the mirror has it.
func (r *remote) mirrored() mirror.Source {
	return mirror.Source{At: r.Image, Blocks: r, ImageOnly: r.Manifest.URL == ""}
}

func (r *remote) open() (*verify.Remote, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	store, err := r.a.reader(r.Store)
	if err == nil {
		r.opened, err = verify.OpenRemote(r.m, store, r.Image, r.Manifest)
	}
	return r.opened, err
}

// Leaves implements verify.Origin.
func (r *remote) Leaves(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	opened, err := r.open()
	if err != nil {
		return verify.Failed(n, err)
	}
	return opened.Leaves(ctx, index, n, above)
}

// Node implements verify.Origin.
func (r *remote) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	opened, err := r.open()
	if err != nil {
		return manifest.HashBlock{}, err
	}
	return opened.Node(ctx, n, parent)
}

// probe asks for the image as it was pinned.
func (r *remote) probe(ctx context.Context) error {
	opened, err := r.open()
	if err != nil {
		return err
	}
	return opened.Probe(ctx)
}

// accept has r read the object that is at its place now, if samples of that have the pinned bytes.
func (r *remote) accept(ctx context.Context, o *verify.Object, now fetch.Location) error {
	again := &remote{a: r.a, m: r.m, source: r.source}
	again.Image = now
	opened, err := again.open()
	if err != nil {
		return err
	}
	if err := o.Sample(ctx, opened, samples); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = opened
	return nil
}

// samples is how many leaves are compared before an object with a new identity is read on.
const samples = 16
