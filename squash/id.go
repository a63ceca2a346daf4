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
	// Of the last metadata block too as much will be read as a block can have.
	const most = metaHeaderSize + metaSize
	forget, err := m.hold(ctx, int64(t.start-t.listSize()/pointerSize*most), int64(t.start+max(t.listSize(), most)))
	if err != nil {
		return nil, fmt.Errorf("id table: %w", err)
	}
	defer forget()
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
