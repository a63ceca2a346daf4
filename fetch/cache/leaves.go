package cache

import (
	"context"
	"errors"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Leaves implements verify.Origin. What is on disk does not wait for what is not.
func (im *Image) Leaves(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	s := im.look(ctx, index, n)
	leaves, wrong := im.check(ctx, index, s.found, above)
	if len(leaves) > 0 {
		return leaves
	}
	leaves = im.next.Leaves(ctx, index, s.absent+wrong, above)
	im.store(ctx, index, leaves)
	return leaves
}

// stretch is what the disk has of leaves that follow each other: the bytes of some, or nothing of some.
type stretch struct {
	found  [][]byte
	absent int
}

// look reads those of n leaves from index on that are on disk, up to the first that is not, or else says
// how many are not, up to the first that is.
func (im *Image) look(ctx context.Context, index int64, n int) stretch {
	s, err := within(ctx, im, func() (stretch, error) {
		f := im.open(false)
		if f == nil {
			return stretch{}, errAbsent
		}
		there, n := f.state.stretch(index, n)
		if !there {
			return stretch{absent: n}, nil
		}
		im.touch(f, index, index+int64(n)-1)
		return stretch{found: im.read(f, index, n)}, nil
	})
	if err != nil {
		return stretch{absent: n}
	}
	return s
}

// read returns the bytes of n leaves. What can not be read is not right: it is zeros.
func (im *Image) read(f *files, index int64, n int) [][]byte {
	found := make([][]byte, n)
	for i := range found {
		off, size := im.m.LeafRange(index + int64(i))
		found[i] = make([]byte, size)
		_, _ = f.image.ReadAt(found[i], off)
	}
	return found
}

// check returns those leaves of what was found that are right, up to the first that is not, or else how
// many are wrong, up to the first that is right.
func (im *Image) check(ctx context.Context, index int64, found [][]byte, above verify.Above) (right []verify.Leaf, wrong int) {
	for i, l := range verify.CheckAll(ctx, im.m, index, found, above) {
		if errors.Is(l.Err, fetch.ErrCorrupt) {
			l = im.again(ctx, index+int64(i), above)
		}
		switch {
		case l.Err == nil && wrong == 0:
			right = append(right, l)
			im.hits.Add(int64(l.Value.Len()))
		case l.Err != nil && len(right) == 0:
			wrong++
		default:
			return right, wrong
		}
	}
	return right, wrong
}

// again reads a leaf that was wrong once more, while nobody else changes the image: it may have been
// dropped, to make room, and perhaps stored anew meanwhile. What is wrong now is damage, and is dropped.
func (im *Image) again(ctx context.Context, index int64, above verify.Above) (l verify.Leaf) {
	parent, err := above(ctx, index)
	if err != nil {
		return verify.Leaf{Err: err}
	}
	l.Value, l.Err = within(ctx, im, func() (b verify.Block, err error) {
		f := im.open(false)
		if f == nil {
			return b, errAbsent
		}
		err = f.change(int64(im.m.LeafSize()), func() error {
			b, err = im.readAgain(f, index, parent)
			return err
		})
		return b, err
	})
	return l
}

func (im *Image) readAgain(f *files, index int64, parent manifest.HashBlock) (verify.Block, error) {
	r := f.state.read(index / perSegment)
	if !r.has(index) {
		return verify.Block{}, errAbsent
	}
	b, err := verify.Check(im.m, index, parent, im.read(f, index, 1)[0])
	if err == nil {
		return b, nil
	}
	im.damage(err)
	r.leaves &^= bit(index)
	return verify.Block{}, errors.Join(err, f.state.write(index/perSegment, r))
}
