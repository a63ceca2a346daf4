package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/cache"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// opened is an image as it is read: sources, the mirror of them, perhaps a cache, the verifier.
type opened struct {
	*verify.Object
	remotes []*remote // as the mirror has them
	mirror  *mirror.Mirror
	dir     *cache.Dir   // nil without a cache
	cached  *cache.Image // nil without a cache
}

// Close waits for requests that nobody waits for any more.
func (o *opened) Close() {
	o.Object.Close()
	o.mirror.Close()
	if o.dir != nil {
		o.cached.Close()
		o.dir.Close()
	}
}

// openImage opens pin at its sources, each request within total. If the cache knows the image nothing is asked for.
// Failed, which may be nil, hears of sources that others stand in for.
func (a *app) openImage(ctx context.Context, pin fetch.Pin, sources []source, total time.Duration, failed func(fetch.Location, error)) (*opened, error) {
	b, err := a.cfg.budget()
	if err != nil {
		return nil, err
	}
	dir, err := a.cacheDir()
	if err != nil {
		return nil, err
	}
	h, err := a.knownHead(ctx, dir, pin, sources, total)
	if err != nil {
		return nil, err
	}
	o := &opened{dir: dir}
	var from []mirror.Source
	for _, s := range sources {
		r := &remote{a: a, m: h.Manifest, source: s}
		o.remotes, from = append(o.remotes, r), append(from, r.mirrored())
	}
	o.mirror = mirror.New(from, mirror.Config{Rounds: retry.Config{Total: total}, Failed: failed})
	var origin verify.Origin = o.mirror
	if dir != nil {
		o.cached = dir.Image(h.Manifest, o.mirror)
		o.cached.StoreHead(ctx, h)
		origin = o.cached
	}
	o.Object = h.Object(sources[0].Image, origin, b.leaves())
	return o, nil
}

// knownHead takes the head of the manifest from the cache, or else from a source.
func (a *app) knownHead(ctx context.Context, dir *cache.Dir, pin fetch.Pin, sources []source, total time.Duration) (verify.Head, error) {
	if dir != nil {
		if h, err := dir.Head(pin); err == nil {
			return h, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, total)
	defer cancel()
	return retry.Do(ctx, retry.Config{Total: total}, func() (verify.Head, error) { return a.head(ctx, pin, sources) })
}

// checkCache tells whoever mounts that the cache can not be used; the mount itself only logs it.
func (a *app) checkCache() error {
	if a.cfg.Cache.Dir == "" {
		return nil
	}
	cfg, err := a.cfg.Cache.parse()
	if err != nil {
		return err
	}
	dir, err := cache.Open(a.cfg.Cache.Dir, cfg)
	if err != nil {
		fmt.Fprintf(a.stderr, "pinfs: going on without the cache %s: %s\n", a.cfg.Cache.Dir, oneLine(err))
		return nil
	}
	dir.Close()
	return nil
}

// cacheDir returns the configured cache, nil if there is none or its directory can not be used: a
// node whose disk is broken serves without.
func (a *app) cacheDir() (*cache.Dir, error) {
	if a.cfg.Cache.Dir == "" {
		return nil, nil
	}
	cfg, err := a.cfg.Cache.parse()
	if err != nil {
		return nil, err
	}
	dir, err := cache.Open(a.cfg.Cache.Dir, cfg)
	if err != nil {
		slog.Warn("no cache", "path", a.cfg.Cache.Dir, "err", err)
		return nil, nil
	}
	return dir, nil
}
