package squash

import (
	"context"
	"encoding/binary"
)

// dirIndex is a place in a listing where a run begins, one for each metadata block of the listing.
type dirIndex struct {
	off   int64 // in the listing
	name  []byte
	place place
}

const dirIndexSize = 12 // without the name

// searchIndex returns the last entry of dir's index before the first for which want is false, and
// the offset of that first one. Without an index these are the ends of the listing.
func (m *Image) searchIndex(ctx context.Context, dir *Inode, want func(dirIndex) bool) (last dirIndex, end int64, err error) {
	last, end = dirIndex{place: dir.dir.listing}, dir.dir.size
	if dir.dir.indexes == 0 {
		return last, end, nil
	}
	c, err := m.cursorAt(ctx, dir.rest, m.inodes("directory index"))
	if err != nil {
		return last, end, err
	}
	for range dir.dir.indexes {
		i, err := m.nextIndex(ctx, c, dir)
		if err != nil {
			return last, end, err
		}
		if i.off <= last.off && last.off > 0 || i.off >= dir.dir.size {
			return last, end, c.malformed("place %d follows %d in a listing of %d bytes", i.off, last.off, dir.dir.size)
		}
		if !dir.dir.reaches(i) {
			return last, end, c.malformed("place %d of a listing from byte %d can not be in the block at %d", i.off, dir.dir.listing.block, i.place.block)
		}
		if !want(i) {
			return last, i.off, nil
		}
		last = i
	}
	return last, end, nil
}

// reaches reports whether i can be where it says: the blocks of the listing before it all decode to
// metaSize bytes, whatever they take in the image.
func (d *directory) reaches(i dirIndex) bool {
	blocks := (int64(d.listing.off) + i.off) / metaSize
	away := i.place.block - d.listing.block
	return away >= blocks*(metaHeaderSize+1) && away <= blocks*(metaHeaderSize+metaSize)
}

// nextIndex reads an entry; its name is valid until the next one is read.
func (m *Image) nextIndex(ctx context.Context, c *cursor, dir *Inode) (i dirIndex, err error) {
	b, err := c.take(ctx, dirIndexSize)
	if err != nil {
		return i, err
	}
	le := binary.LittleEndian
	i.off = int64(le.Uint32(b))
	n := uint64(le.Uint32(b[8:])) + 1
	i.place = place{m.dirBlock(le.Uint32(b[4:])), int((int64(dir.dir.listing.off) + i.off) % metaSize)}
	if n > maxNameSize {
		return i, c.malformed("name of %d bytes", n)
	}
	i.name, err = c.take(ctx, int(n))
	return i, err
}
