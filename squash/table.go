package squash

import (
	"context"
	"encoding/binary"
	"fmt"
)

// table is an array of entries in metadata blocks that a list of pointers leads to: the tables of
// ids, fragments, exports and xattr ids. Only what is asked for is read, and kept in the cache.
type table struct {
	name      string
	start     uint64 // of the list of pointers, in the image
	entrySize int    // bytes; divides metaSize
	n         uint64 // entries
}

const pointerSize = 8

// perBlock is how many entries are in each metadata block but the last.
func (t table) perBlock() uint64 { return uint64(metaSize / t.entrySize) }

// listSize is how many bytes the list of pointers has.
func (t table) listSize() uint64 { return (t.n + t.perBlock() - 1) / t.perBlock() * pointerSize }

// check makes sure that the list of pointers lies inside the image.
func (t table) check(bytesUsed int64) error {
	if t.start > uint64(bytesUsed) || t.listSize() > uint64(bytesUsed)-t.start {
		return malformed(int64(t.start), t.name, "%d entries do not fit into the file system of %d bytes", t.n, bytesUsed)
	}
	return nil
}

// seek returns a cursor at entry index.
func (t table) seek(ctx context.Context, m *Image, index uint64) (*cursor, error) {
	if index >= t.n {
		return nil, malformed(int64(t.start), t.name, "there is no entry %d among %d", index, t.n)
	}
	if err := t.check(m.sb.BytesUsed); err != nil {
		return nil, err
	}
	block, err := t.pointer(ctx, m, index/t.perBlock())
	if err != nil {
		return nil, err
	}
	entries := region{t.name, superblockSize, int64(t.start)}
	return m.cursorAt(ctx, place{block, int(index%t.perBlock()) * t.entrySize}, entries)
}

// pointer returns the position of the metadata block with the given index. The list of pointers is
// read in stretches of the size of a metadata block.
func (t table) pointer(ctx context.Context, m *Image, index uint64) (int64, error) {
	off := index * pointerSize
	stretch := off / metaSize * metaSize
	n := min(t.listSize()-stretch, metaSize)
	b, err := m.meta.Get(ctx, metaKey{int64(t.start + stretch), int(n)})
	if err != nil {
		return 0, fmt.Errorf("%s at byte %d: %w", t.name, t.start+off, err)
	}
	block := binary.LittleEndian.Uint64(b.data[off-stretch:])
	if block < superblockSize || block >= t.start {
		return 0, malformed(int64(t.start+off), t.name, "pointer to byte %d, its blocks lie before byte %d", block, t.start)
	}
	return int64(block), nil
}
