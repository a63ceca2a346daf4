package squash

import (
	"context"
	"encoding/binary"
	"fmt"
)

const idSize = 4

// readIDs reads the table of uids and gids, at most 256 KiB, that inodes index. If it does not lie
// in what has been read ahead, it is read at once.
func (m *Image) readIDs(ctx context.Context) ([]uint32, error) {
	t := table{name: "id table", start: m.sb.idTable, entrySize: idSize, n: uint64(m.sb.IDs)}
	if err := t.check(m.sb.BytesUsed); err != nil {
		return nil, err
	}
	tail := m.src
	defer func() { m.src = tail }()
	if err := m.readAround(ctx, t); err != nil {
		return nil, err
	}
	ids := make([]uint32, 0, t.n)
	for index := uint64(0); index < t.n; index += metaSize / idSize {
		c, err := t.seek(ctx, m, index)
		if err != nil {
			return nil, err
		}
		b, err := c.take(ctx, int(min(t.n-index, metaSize/idSize))*idSize)
		if err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[idSize:] {
			ids = append(ids, binary.LittleEndian.Uint32(b))
		}
	}
	return ids, nil
}

// readAround has src hold the list of pointers of t and the metadata blocks before it. Of the last of
// them too as much will be read as a block can have.
func (m *Image) readAround(ctx context.Context, t table) error {
	const most = metaHeaderSize + metaSize
	start := max(int64(t.start-t.listSize()/pointerSize*most), int64(m.sb.inodeTable))
	end := min(int64(t.start+max(t.listSize(), most)), m.sb.BytesUsed)
	if start >= end || m.src.(*window).holds(start, end-start) {
		return nil
	}
	w, err := readWindow(ctx, m.src, start, end)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	m.src = w
	return nil
}
