package verify

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// Inspection is told how far an Inspect has come; its functions are called concurrently and may be nil.
type Inspection struct {
	Step func(n int64)                    // n more bytes were read
	Bad  func(err *manifest.CorruptError) // of each leaf that is not as the pin demands
}

// Inspect reads the whole image once, past leaves that are corrupt, and nothing of it stays in memory.
// Any other failure ends it, a corrupt hash block too: what lies below that can not be judged. Nil
// without a call of Bad means: every byte is there and right.
func (o *Object) Inspect(ctx context.Context, to Inspection) error {
	const bytes, readers = 4 << 20, 4
	n := max(int64(bytes/o.m.LeafSize()), 1)
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for index := int64(0); index < o.m.Leaves() && inner.Err() == nil; index += n {
		g.Go(func() error { return o.inspect(inner, index, min(index+n, o.m.Leaves()), to) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// inspect reads the leaves from index to end.
func (o *Object) inspect(ctx context.Context, index, end int64, to Inspection) error {
	for index < end {
		for _, l := range o.origin.Leaves(ctx, index, int(end-index), o.tree.parent) {
			if err := to.judge(l.Err); err != nil {
				return err
			}
			_, n := o.m.LeafRange(index)
			if to.Step != nil {
				to.Step(int64(n))
			}
			index++
		}
	}
	return nil
}

// judge returns what is wrong beyond a corrupt leaf.
func (to Inspection) judge(err error) error {
	var corrupt *manifest.CorruptError
	if !errors.As(err, &corrupt) || corrupt.What != manifest.Leaf {
		return err
	}
	if to.Bad != nil {
		to.Bad(corrupt)
	}
	return nil
}
