package squash

import (
	"context"
	"encoding/binary"
)

const fragmentSize = 16

// fragment looks up the fragment block with the given index: a block that the tails of several
// files share.
func (m *Image) fragment(ctx context.Context, index uint32) (block, error) {
	t := table{name: "fragment table", start: m.sb.fragmentTable, entrySize: fragmentSize, n: uint64(m.sb.Fragments)}
	c, err := t.seek(ctx, m, uint64(index))
	if err != nil {
		return block{}, err
	}
	b, err := c.take(ctx, fragmentSize)
	if err != nil {
		return block{}, err
	}
	f := block{pos: int64(binary.LittleEndian.Uint64(b)), word: binary.LittleEndian.Uint32(b[8:])}
	if f.pos < superblockSize || f.pos > m.sb.BytesUsed-f.stored() {
		return f, c.malformed("block %d of %d bytes at byte %d of %d", index, f.stored(), f.pos, m.sb.BytesUsed)
	}
	return f, nil
}
