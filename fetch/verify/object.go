package verify

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"golang.org/x/sync/semaphore"
)

// Config bounds what an Object uses. The zero value works.
type Config struct {
	CacheBytes    int64 // verified leaves in memory; default 32 MiB
	InFlightBytes int64 // asked for and not yet arrived, over all readers; default 32 MiB
	RunBytes      int64 // the largest single fetch; default 8 MiB, at most InFlightBytes
}

func (c Config) withDefaults() Config {
	if c.CacheBytes <= 0 {
		c.CacheBytes = 32 << 20
	}
	if c.InFlightBytes <= 0 {
		c.InFlightBytes = 32 << 20
	}
	if c.RunBytes <= 0 {
		c.RunBytes = 8 << 20
	}
	c.RunBytes = min(c.RunBytes, c.InFlightBytes)
	return c
}

// Object is a pinned image whose every byte is verified before it is returned. It is a fetch.Source
// with a stronger promise, safe for concurrent use: concurrent readers of one leaf share a request,
// sequential ones are served by longer and longer requests. What failed is not remembered: the next
// read tries again.
type Object struct {
	m      *manifest.Manifest
	at     fetch.Location
	origin Origin
	tree   *tree
	leaves *memory[Block]
	flight flight[Block]
	runs   runs
	room   *semaphore.Weighted // bytes in flight
	limit  int64               // of room

	verified atomic.Int64
	reading  atomic.Int64 // calls of ReadAt under way
	touched  touches
}

var _ fetch.Source = (*Object)(nil)

// New makes an Object of the blocks of an image, whose manifest is m; at says where the image is read
// from in the first place.
func New(m *manifest.Manifest, at fetch.Location, origin Origin, cfg Config) *Object {
	cfg = cfg.withDefaults()
	leaf := int64(m.LeafSize())
	return &Object{
		m: m, at: at, origin: origin,
		tree:   newTree(m, origin),
		leaves: byArrival[Block](int(max(cfg.CacheBytes/leaf, 1))),
		runs:   runs{max: int(max(cfg.RunBytes/leaf, 1)), hold: int(max(cfg.CacheBytes/leaf, 1))},
		room:   semaphore.NewWeighted(max(cfg.InFlightBytes, leaf)),
		limit:  max(cfg.InFlightBytes, leaf),
	}
}

// Size returns the bytes of the image.
func (o *Object) Size() int64 { return o.m.Size() }

// Pin returns the image's pin.
func (o *Object) Pin() fetch.Pin { return o.m.Pin() }

// Location returns where the image is read from.
func (o *Object) Location() fetch.Location { return o.at }

// Verified returns how many image bytes were fetched and found right so far.
func (o *Object) Verified() int64 { return o.verified.Load() }

// Close waits for fetches that nobody waits for any more; they are being cancelled.
func (o *Object) Close() {
	o.flight.running.Wait()
	o.tree.flight.running.Wait()
}

// ReadAt implements fetch.Source; the bytes are verified. Its errors match fetch.ErrCorrupt when a
// leaf or hash block is not what the pin demands, else they are the source's.
func (o *Object) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off < 0 || off > o.Size() || int64(len(p)) > o.Size()-off {
		return fmt.Errorf("%s: bytes %d+%d are outside its %d bytes", o.at, off, len(p), o.Size())
	}
	o.reading.Add(1)
	defer o.reading.Add(-1)
	leafSize := int64(o.m.LeafSize())
	last := (off + int64(len(p)) - 1) / leafSize
	for len(p) > 0 {
		index := off / leafSize
		o.touched.add(index)
		b, behind, err := o.block(ctx, index, int(last-index+1))
		if err != nil {
			return err
		}
		o.ahead(ctx, index)
		n := b.CopyAt(p, int(off-index*leafSize))
		for i, l := range behind {
			if l.Err != nil || n == len(p) { // what failed is asked for once more if it is needed
				break
			}
			o.touched.add(index + 1 + int64(i))
			o.ahead(ctx, index+1+int64(i))
			n += l.Value.CopyAt(p[n:], 0)
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// block returns leaf index and those behind it that came along with it; need is how many leaves from
// there the caller is going to ask for.
func (o *Object) block(ctx context.Context, index int64, need int) (Block, []Leaf, error) {
	return o.flight.unit(ctx, index, fetcher[Block]{
		cached: o.leaves.get,
		plan: func(i int64) int {
			return int(min(int64(o.runs.plan(i, need)), o.m.Leaves()-i))
		},
		fetch: o.fetch,
		keep:  o.leaves.put,
	})
}

// ahead fetches what follows the run of leaf index, if that is the time for it and nobody else wants the
// room. Nobody waits for that: whoever needs a leaf that could not be had learns why.
func (o *Object) ahead(ctx context.Context, index int64) {
	next, ok := o.runs.behind(index)
	if !ok || next >= o.m.Leaves() || !o.room.TryAcquire(o.limit/2) {
		return
	}
	o.room.Release(o.limit / 2)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aheadFor)
	o.flight.running.Go(func() {
		defer cancel()
		_, _, _ = o.block(ctx, next, 1)
	})
}

// fetch gets n leaves from index on as soon as there is room for them.
func (o *Object) fetch(ctx context.Context, index int64, n int) []Leaf {
	weight := min(int64(n)*int64(o.m.LeafSize()), o.limit)
	if err := o.room.Acquire(ctx, weight); err != nil {
		return Failed(n, err)
	}
	defer o.room.Release(weight)
	if n > 1 { // somebody reads in order
		o.tree.ahead(ctx, min(index+2*int64(n), o.m.Leaves()-1))
	}
	leaves := o.origin.Leaves(ctx, index, n, o.tree.parent)
	o.runs.stopped(index+int64(n), index+int64(len(leaves)))
	for _, l := range leaves {
		o.verified.Add(int64(l.Value.Len()))
	}
	return leaves
}
