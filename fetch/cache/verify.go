package cache

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Checked is what Verify found.
type Checked struct {
	Right   int64 `json:"right"`   // leaves
	Damaged int64 `json:"damaged"` // leaves that were wrong and have been dropped
	Unknown int64 `json:"unknown"` // leaves whose hash blocks are not there
}

// Verify reads all leaves of pin that are there, and drops those that are wrong. step, which may be
// nil, is told after each leaf how many bytes it has.
func (d *Dir) Verify(ctx context.Context, pin fetch.Pin, step func(n int64)) (c Checked, err error) {
	o, im, err := d.alone(pin)
	if err != nil {
		return c, err
	}
	defer im.Close()
	defer o.Close()
	for segment, r := range d.records(pin) {
		for index := int64(segment) * perSegment; index < min(int64(segment+1)*perSegment, im.m.Leaves()); index++ {
			if !r.has(index) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return c, err
			}
			off, n := im.m.LeafRange(index)
			before := im.damaged.Load()
			switch err := o.ReadAt(ctx, make([]byte, n), off); {
			case err == nil:
				c.Right++
			case im.damaged.Load() > before:
				c.Damaged++
			default:
				c.Unknown++
			}
			if step != nil {
				step(int64(n))
			}
		}
	}
	return c, nil
}

// Complete returns nil if all of pin is there, so that it can be read without a source: each leaf, and
// each hash block, which is read and verified. The leaves were, when they were written or read.
func (d *Dir) Complete(ctx context.Context, pin fetch.Pin) error {
	o, im, err := d.alone(pin)
	if err != nil {
		return err
	}
	defer im.Close()
	defer o.Close()
	if i := d.Info(pin); !i.Complete() {
		return fmt.Errorf("the cache %s has %d of %d leaves of %s: it is too small or its disk is full; see --cache-size and --cache-free",
			d.path, i.Leaves, i.All, pin)
	}
	if err := o.ScanTree(ctx); err != nil {
		return fmt.Errorf("the cache %s has not all hashes of %s, or its disk was too slow: pull it again: %w", d.path, pin, err)
	}
	return nil
}

// alone opens what there is of pin, without a source.
func (d *Dir) alone(pin fetch.Pin) (*verify.Object, *Image, error) {
	h, err := d.Head(pin)
	if err != nil {
		return nil, nil, err
	}
	im := d.Image(h.Manifest, elsewhere{})
	return verify.New(h.Manifest, fetch.Location{URL: d.of(pin)}, im, verify.Config{CacheBytes: 1, RunBytes: 1}), im, nil // leaf by leaf
}

// elsewhere is an Origin that has nothing.
type elsewhere struct{}

func (elsewhere) Leaves(_ context.Context, _ int64, n int, _ verify.Above) []verify.Leaf {
	return verify.Failed(n, fetch.ErrNotFound)
}

func (elsewhere) Node(context.Context, manifest.Node, manifest.HashBlock) (manifest.HashBlock, error) {
	return manifest.HashBlock{}, fetch.ErrNotFound
}
