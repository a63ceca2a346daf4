package cache

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Image is the cached part of one image in front of the rest. It is a verify.Origin, safe for
// concurrent use. Whatever is wrong with the disk, what can be had elsewhere is returned.
type Image struct {
	dir  *Dir
	m    *manifest.Manifest
	next verify.Origin
	disk disk
	io   *semaphore.Weighted // reads and writes under way, so that a disk that hangs does not collect them

	mu    sync.Mutex // guards files; held while the disk is asked for them
	files *files     // nil before the first use, and after they have gone

	kept  sync.Mutex                   // guards all below
	head  []byte                       // of the manifest file
	nodes map[int64]manifest.HashBlock // by their offset, to be stored again if the files have gone

	running sync.WaitGroup // reads and writes

	hits, stored, damaged atomic.Int64
}

var _ verify.Origin = (*Image)(nil)

// maxIO is how many reads and writes of an image can be under way.
const maxIO = 64

// Image returns the cache of m's image; what is not in it comes from next.
func (d *Dir) Image(m *manifest.Manifest, next verify.Origin) *Image {
	return &Image{dir: d, m: m, next: next, disk: disk{log: d.cfg.Log, path: d.path}, io: semaphore.NewWeighted(maxIO)}
}

// Stats are counters since the Image was made, in bytes but for the last one.
type Stats struct {
	Hits    int64 `json:"hits"`    // read from the cache
	Stored  int64 `json:"stored"`  // written to it
	Damaged int64 `json:"damaged"` // leaves and hash blocks that were wrong on disk, and were dropped
}

// Stats returns the counters.
func (im *Image) Stats() Stats { return Stats{im.hits.Load(), im.stored.Load(), im.damaged.Load()} }

// Close closes the files, as soon as the disk lets it. Nothing may be asked for after it.
func (im *Image) Close() {
	im.running.Wait()
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.files != nil {
		im.files.close()
		im.files = nil
	}
}

// Leaves implements verify.Origin.
func (im *Image) Leaves(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	leaves := im.cached(ctx, index, n, above)
	for i := 0; i < n; i++ {
		gap := i
		for i < n && leaves[i].Value.Len() == 0 {
			i++
		}
		if gap == i {
			continue
		}
		fetched := im.next.Leaves(ctx, index+int64(gap), i-gap, above)
		copy(leaves[gap:], fetched)
		im.store(ctx, index+int64(gap), fetched)
	}
	return leaves
}

// cached returns those of n leaves that are on disk and right; the others are empty.
func (im *Image) cached(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	leaves := make([]verify.Leaf, n)
	var found [][]byte
	if im.within(ctx, func() (err error) { found, err = im.read(index, n); return err }) != nil {
		return leaves
	}
	for i, p := range found {
		at := index + int64(i)
		if p == nil {
			continue
		}
		parent, err := above(ctx, at)
		if err != nil {
			continue // the one that fetches the leaf hears of it
		}
		if leaves[i].Value, err = verify.Check(im.m, at, parent, p); err != nil {
			leaves[i].Value = im.again(ctx, at, parent)
		}
		im.hits.Add(int64(leaves[i].Value.Len()))
	}
	return leaves
}

// again reads a leaf that was wrong once more, while nobody else changes the image: it may have been
// dropped, to make room, and perhaps stored anew meanwhile. What is wrong now is damage; it is dropped,
// and an empty Block returned.
func (im *Image) again(ctx context.Context, index int64, parent manifest.HashBlock) verify.Block {
	var b verify.Block
	off, size := im.m.LeafRange(index)
	p := make([]byte, size)
	err := im.within(ctx, func() error {
		f := im.open(false)
		if f == nil {
			return errAbsent
		}
		return f.change(int64(im.m.LeafSize()), func() error {
			r := f.state.read(index / perSegment)
			if !r.has(index) {
				return errAbsent
			}
			_, _ = f.image.ReadAt(p, off) // what can not be read is not right
			var err error
			if b, err = verify.Check(im.m, index, parent, p); err == nil {
				return nil
			}
			im.damage(err)
			r.leaves &^= bit(index)
			return errors.Join(errAbsent, f.state.write(index/perSegment, r))
		})
	})
	if err != nil {
		return verify.Block{} // b may still be written to, if the disk is slow
	}
	return b
}

// read returns the bytes of those of n leaves that the state file tells of.
func (im *Image) read(index int64, n int) ([][]byte, error) {
	f := im.open(false)
	if f == nil {
		return nil, errAbsent
	}
	found := make([][]byte, n)
	var last record
	for i := range found {
		at := index + int64(i)
		if i == 0 || at%perSegment == 0 {
			last = f.state.read(at / perSegment)
		}
		if !last.has(at) {
			continue
		}
		off, size := im.m.LeafRange(at)
		found[i] = make([]byte, size)
		if _, err := f.image.ReadAt(found[i], off); err != nil && !errors.Is(err, io.EOF) { // the end is damage
			return nil, err
		}
	}
	im.touch(f, index, index+int64(n)-1)
	return found, nil
}
