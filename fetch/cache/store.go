package cache

import (
	"context"

	"github.com/pinfs/pinfs/fetch/verify"
)

// touchAfter is how old the time of a segment's use may become, in seconds.
const touchAfter = 60

// open returns the files; nil if they can not be had for now. With create it makes them.
func (im *Image) open(create bool) *files {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.files != nil && im.files.gone() {
		im.files = nil // whoever uses them still does; they are closed when nobody does
	}
	if im.files != nil || !im.disk.usable() {
		return im.files
	}
	f, err := openFiles(im.dir.of(im.m.Pin()), im.m.Pin(), create)
	if err != nil {
		if create {
			im.disk.fail(err)
		}
		return nil
	}
	im.files = f
	if create {
		im.disk.note(im.storeAgain(f))
	}
	return f
}

// store keeps those leaves that could be had, from index on.
func (im *Image) store(ctx context.Context, index int64, leaves []verify.Leaf) {
	im.change(ctx, int64(len(leaves))*int64(im.m.LeafSize()), func(f *files) error {
		for len(leaves) > 0 {
			n := min(int(perSegment-index%perSegment), len(leaves))
			if err := im.storeSegment(f, index, leaves[:n]); err != nil {
				return err
			}
			index, leaves = index+int64(n), leaves[n:]
		}
		return nil
	})
}

// storeSegment keeps leaves of one segment: first they, then the record that tells of them.
func (im *Image) storeSegment(f *files, index int64, leaves []verify.Leaf) error {
	r := f.state.read(index / perSegment)
	before := r.leaves
	for i, l := range leaves {
		if l.Err != nil {
			continue
		}
		at := index + int64(i)
		off, _ := im.m.LeafRange(at)
		if err := l.Value.WriteAt(f.image, off); err != nil {
			return err
		}
		im.stored.Add(int64(l.Value.Len()))
		r.leaves |= bit(at)
	}
	if r.leaves == before {
		return nil
	}
	r.used = now()
	return f.state.write(index/perSegment, r)
}

// change calls do if there is room for n bytes. What goes wrong is the disk's affair: it is told and
// left alone for a while.
func (im *Image) change(ctx context.Context, n int64, do func(f *files) error) {
	_, err := within(ctx, im, func() (nothing, error) {
		f := im.open(true)
		if f == nil {
			return nothing{}, errAbsent
		}
		if err := im.dir.makeRoom(n); err != nil {
			return nothing{}, err
		}
		return nothing{}, f.change(int64(im.m.LeafSize()), func() error { return do(f) })
	})
	im.disk.note(err)
}

// touch notes that the segments of the leaves from first to last are in use.
func (im *Image) touch(f *files, first, last int64) {
	for segment := first / perSegment; segment <= last/perSegment; segment++ {
		if r := f.state.read(segment); r.leaves == 0 || now()-r.used < touchAfter {
			continue
		}
		_ = f.change(int64(im.m.LeafSize()), func() error { // next time, if not now
			r := f.state.read(segment)
			r.used = now()
			return f.state.write(segment, r)
		})
	}
}

// damage counts, and tells the first time.
func (im *Image) damage(why error) {
	if im.damaged.Add(1) == 1 {
		im.dir.cfg.Log.Warn("damage in the cache is mended by fetching again", "image", im.m.Pin(), "path", im.dir.of(im.m.Pin()), "err", why)
	}
}
