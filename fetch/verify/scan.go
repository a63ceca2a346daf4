package verify

import (
	"context"
	"fmt"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Scan reads the whole image through the verifier and returns the first error, so that nil means:
// every byte is there and right. step, which may be nil, is told after each chunk how many bytes it
// had; it is called concurrently.
func (o *Object) Scan(ctx context.Context, step func(n int64)) error {
	const chunk, readers = 4 << 20, 4
	g, scan := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for off := int64(0); off < o.Size() && scan.Err() == nil; off += chunk {
		g.Go(func() error {
			p := make([]byte, min(chunk, o.Size()-off))
			if err := o.ReadAt(scan, p, off); err != nil {
				return err
			}
			if step != nil {
				step(int64(len(p)))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// ScanTree reads all hash blocks and returns the first error.
func (o *Object) ScanTree(ctx context.Context) error {
	perBlock := int64(o.m.LeafSize() / len(manifest.Hash{}))
	for leaf := int64(0); leaf < o.m.Leaves(); leaf += perBlock {
		if _, err := o.tree.parent(ctx, leaf); err != nil {
			return err
		}
	}
	return nil
}

// Sample reads some leaves of the image from another origin, the first and the last among them, and
// returns the first error, so that nil means: what is there is most likely this image. Each of its
// leaves will be verified anyway when it is read.
func (o *Object) Sample(ctx context.Context, from Origin, leaves int) error {
	n := o.m.Leaves()
	for i := range min(int64(leaves), n) {
		index := rand.Int64N(n)
		switch i {
		case 0:
			index = 0
		case 1:
			index = n - 1
		}
		if l := from.Leaves(ctx, index, 1, o.above)[0]; l.Err != nil {
			return l.Err
		}
	}
	return nil
}

// above is tree.parent, but for its errors: what is wrong with a hash block is nothing against a leaf.
func (o *Object) above(ctx context.Context, index int64) (manifest.HashBlock, error) {
	b, err := o.tree.parent(ctx, index)
	if err != nil {
		err = fmt.Errorf("%w: the hash to compare with can not be had: %v", fetch.ErrUnavailable, err)
	}
	return b, err
}
