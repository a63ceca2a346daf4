package squash

import (
	"context"
	"encoding/binary"
)

const idSize = 4

// readIDs reads the table of uids and gids, at most 256 KiB, that inodes index.
func (m *Image) readIDs(ctx context.Context) ([]uint32, error) {
	t := table{name: "id table", start: m.sb.idTable, entrySize: idSize, n: uint64(m.sb.IDs)}
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
