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
	src    fetch.Source
	at     fetch.Location
	tree   *tree
	leaves *lru[Block]
	flight flight[Block]
	runs   runs
	room   *semaphore.Weighted // bytes in flight
	limit  int64               // of room

	verified atomic.Int64
}

var _ fetch.Source = (*Object)(nil)

// New makes an Object of an image's bytes and its manifest file, both untrusted, and the manifest
// that Parse made of the file's descriptor. imageAt and treeAt name them in errors.
func New(m *manifest.Manifest, image, file fetch.Source, imageAt, treeAt fetch.Location, cfg Config) *Object {
	cfg = cfg.withDefaults()
	leaf := int64(m.LeafSize())
	return &Object{
		m: m, src: image, at: imageAt,
		tree:   newTree(m, file, treeAt),
		leaves: newLRU[Block](int(max(cfg.CacheBytes/leaf, 1))),
		runs:   runs{max: int(max(cfg.RunBytes/leaf, 1))},
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
	leafSize := int64(o.m.LeafSize())
	last := (off + int64(len(p)) - 1) / leafSize
	for len(p) > 0 {
		index := off / leafSize
		b, err := o.block(ctx, index, int(last-index+1))
		if err != nil {
			return err
		}
		n := b.CopyAt(p, int(off-index*leafSize))
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// block returns leaf index; need is how many leaves from there the caller is going to ask for.
func (o *Object) block(ctx context.Context, index int64, need int) (Block, error) {
	return o.flight.unit(ctx, index, fetcher[Block]{
		cached: o.leaves.get,
		plan: func(i int64) int {
			return int(min(int64(o.runs.plan(i, need)), o.m.Leaves()-i))
		},
		fetch: o.fetch,
		keep:  o.leaves.put,
	})
}

// fetch reads n leaves from index on in one request and checks each.
func (o *Object) fetch(ctx context.Context, index int64, n int) []result[Block] {
	results := make([]result[Block], n)
	weight := min(int64(n)*int64(o.m.LeafSize()), o.limit)
	err := o.room.Acquire(ctx, weight)
	var p []byte
	if err == nil {
		defer o.room.Release(weight)
		p, err = o.read(ctx, index, n)
	}
	for i := range results {
		if err != nil {
			results[i].err = err
			continue
		}
		_, size := o.m.LeafRange(index + int64(i))
		results[i].v, results[i].err = o.leaf(ctx, index+int64(i), p[:size:size], n > 1)
		p = p[size:]
	}
	return results
}

// read returns the unverified bytes of n leaves.
func (o *Object) read(ctx context.Context, index int64, n int) ([]byte, error) {
	off, _ := o.m.LeafRange(index)
	size := min(int64(n)*int64(o.m.LeafSize()), o.Size()-off)
	p := make([]byte, size)
	if err := o.src.ReadAt(ctx, p, off); err != nil {
		return nil, err
	}
	return p, nil
}

// leaf makes p the Block of leaf index, reading it once more if it is not right. A shared p is
// copied, so that one leaf in the cache does not hold on to a whole run.
func (o *Object) leaf(ctx context.Context, index int64, p []byte, shared bool) (Block, error) {
	parent, err := o.tree.parent(ctx, index)
	if err != nil {
		return Block{}, err
	}
	if shared {
		p = append([]byte(nil), p...)
	}
	first := true
	b, err := twice(o.at, func() (Block, error) {
		if !first {
			if p, err = o.read(ctx, index, 1); err != nil {
				return Block{}, err
			}
		}
		first = false
		return check(o.m, index, parent, p)
	})
	o.verified.Add(int64(b.Len()))
	return b, err
}
