package squash

import (
	"context"
	"encoding/binary"
	"fmt"
)

// table is an array of entries in metadata blocks that a list of pointers leads to: the tables of
// ids, fragments, exports and xattr ids. Only what is asked for is read.
type table struct {
	name      string
	start     uint64 // of the list of pointers, in the image
	entrySize int    // bytes; divides metaSize
	n         uint64 // entries
}

const pointerSize = 8

// check makes sure that the list of pointers lies inside the image.
func (t table) check(bytesUsed int64) error {
	perBlock := uint64(metaSize / t.entrySize)
	blocks := (t.n + perBlock - 1) / perBlock
	if t.start > uint64(bytesUsed) || blocks > (uint64(bytesUsed)-t.start)/pointerSize {
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
	perBlock := uint64(metaSize / t.entrySize)
	var b [pointerSize]byte
	off := int64(t.start + index/perBlock*pointerSize)
	if err := m.src.ReadAt(ctx, b[:], off); err != nil {
		return nil, fmt.Errorf("%s at byte %d: %w", t.name, off, err)
	}
	block := int64(binary.LittleEndian.Uint64(b[:]))
	return m.cursorAt(ctx, place{block, int(index%perBlock) * t.entrySize}, t.name)
}
