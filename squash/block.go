package squash

import (
	"context"
	"fmt"
	"slices"
)

// block locates one data or fragment block and is its key in the cache.
type block struct {
	pos  int64  // in the image
	word uint32 // as stored: bytes in the image and the bit blockPlain; 0 is a hole
	size uint32 // bytes it must decode to; 0 for a fragment block, which may have any number
}

const blockPlain = 1 << 24 // stored as it is

// isHole reports whether b stands for zeros that are not stored.
func (b block) isHole() bool { return b.word == 0 && b.size != 0 }

// stored returns how many bytes b takes in the image.
func (b block) stored() int64 { return int64(b.word &^ blockPlain) }

// what names the kind of block in errors.
func (b block) what() string {
	if b.size == 0 {
		return "fragment block"
	}
	return "data block"
}

// maxSize returns how many bytes b can decode to.
func (m *Image) maxSize(b block) int64 {
	if b.size == 0 {
		return int64(m.sb.BlockSize)
	}
	return int64(b.size)
}

// loadBlock reads and decodes b.
func (m *Image) loadBlock(ctx context.Context, b block, urgent <-chan struct{}) (p []byte, err error) {
	n := b.stored()
	if n == 0 || n > int64(m.sb.BlockSize) || b.pos < superblockSize || b.pos > m.sb.BytesUsed-n {
		return nil, malformed(b.pos, b.what(), "%d bytes in a file system of %d", n, m.sb.BytesUsed)
	}
	load := func() error {
		if b.word&blockPlain != 0 {
			p = make([]byte, n)
			return m.readBlock(ctx, b, p)
		}
		p, err = m.loadPacked(ctx, b, urgent)
		return err
	}
	if isUrgent(urgent) {
		err = hold(ctx, m.flight.data, 2*int64(m.sb.BlockSize), load)
	} else {
		err = load() // read ahead: it has a token
	}
	if err != nil {
		return nil, err
	}
	if b.size != 0 && len(p) != int(b.size) {
		return nil, malformed(b.pos, b.what(), "it has %d bytes, want %d", len(p), b.size)
	}
	return p, nil
}

// loadPacked reads and decodes a block that is stored compressed.
func (m *Image) loadPacked(ctx context.Context, b block, urgent <-chan struct{}) (p []byte, err error) {
	err = m.packed.lend(int(b.stored()), func(packed []byte) error {
		if err := m.readBlock(ctx, b, packed); err != nil {
			return err
		}
		out := make([]byte, m.maxSize(b))
		n, err := m.decode(ctx, urgent, out, packed, b.what(), b.pos)
		p = out[:n]
		return err
	})
	if len(p) < cap(p)/2 {
		p = slices.Clone(p)
	}
	return p, err
}

func (m *Image) readBlock(ctx context.Context, b block, p []byte) error {
	if err := m.src.ReadAt(ctx, p, b.pos); err != nil {
		return fmt.Errorf("%s at byte %d: %w", b.what(), b.pos, err)
	}
	return nil
}
