package squash

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	metaSize       = 8 << 10 // bytes a metadata block decodes to; the last one of a table has fewer
	metaHeaderSize = 2
	metaPlain      = 0x8000 // in the header: stored as it is; the other bits are the size
)

// metaKey is a metadata block, or a stretch of a list of pointers to such.
type metaKey struct {
	pos   int64 // in the image
	plain int   // bytes of the stretch; 0 for a metadata block
}

// metaBlock is one decoded metadata block, or the bytes of a stretch.
type metaBlock struct {
	data []byte // never empty
	next int64  // where the block behind it begins in the image
}

// loadMeta reads key, and decodes it if it is a metadata block.
func (m *Image) loadMeta(ctx context.Context, key metaKey, urgent <-chan struct{}) (b metaBlock, err error) {
	err = hold(ctx, m.flight.meta, 2*metaSize, func() error {
		if key.plain > 0 {
			b.data = make([]byte, key.plain)
			return m.src.ReadAt(ctx, b.data, key.pos)
		}
		b, err = m.loadMetaBlock(ctx, key.pos, urgent)
		return err
	})
	return b, err
}

// loadMetaBlock reads and decodes the metadata block at pos. One read fetches the header and as much
// as a block can have.
func (m *Image) loadMetaBlock(ctx context.Context, pos int64, urgent <-chan struct{}) (b metaBlock, err error) {
	if pos < superblockSize || pos > m.sb.BytesUsed-metaHeaderSize-1 {
		return b, malformed(pos, "metadata block", "it is outside of the file system of %d bytes", m.sb.BytesUsed)
	}
	n := min(m.sb.BytesUsed-pos, metaHeaderSize+metaSize)
	err = m.packedMeta.lend(int(n), func(p []byte) error {
		if err := m.src.ReadAt(ctx, p, pos); err != nil {
			return fmt.Errorf("metadata block at byte %d: %w", pos, err)
		}
		b, err = m.decodeMeta(ctx, p, pos, urgent)
		return err
	})
	return b, err
}

// decodeMeta decodes the block that p begins with.
func (m *Image) decodeMeta(ctx context.Context, p []byte, pos int64, urgent <-chan struct{}) (b metaBlock, err error) {
	header := binary.LittleEndian.Uint16(p)
	n := int(header &^ metaPlain)
	if n == 0 || n > metaSize || n > len(p)-metaHeaderSize {
		return b, malformed(pos, "metadata block", "it has %d bytes", n)
	}
	b.next = pos + metaHeaderSize + int64(n)
	stored := p[metaHeaderSize:][:n]
	if header&metaPlain != 0 {
		b.data = slices.Clone(stored)
		return b, nil
	}
	out := make([]byte, metaSize)
	n, err = m.decode(ctx, urgent, out, stored, "metadata block", pos)
	if err != nil {
		return b, err
	}
	if n == 0 {
		return b, malformed(pos, "metadata block", "it decodes to nothing")
	}
	if b.data = out[:n]; n < metaSize/2 {
		b.data = slices.Clone(b.data)
	}
	return b, nil
}
