package squash

import (
	"context"
	"encoding/binary"
)

// place is a byte in the metadata: its block's position in the image and the offset behind decoding.
type place struct {
	block int64
	off   int
}

// cursor reads through a chain of metadata blocks. Where one ends it goes on with the block that
// follows in the image, so it always ends at the end of its region at the latest.
type cursor struct {
	m     *Image
	in    region // that it must not leave
	block int64  // position of the current block in the image
	cur   metaBlock
	off   int    // in cur.data
	joint []byte // what take has put together from two blocks
}

// cursorAt returns a cursor at p. The offset may be right behind the block's last byte.
func (m *Image) cursorAt(ctx context.Context, p place, in region) (*cursor, error) {
	c := &cursor{m: m, in: in}
	return c, c.seek(ctx, p)
}

func (c *cursor) seek(ctx context.Context, p place) error {
	if err := c.load(ctx, p.block); err != nil {
		return err
	}
	if p.off < 0 || p.off > len(c.cur.data) {
		return c.malformed("offset %d is behind the %d bytes of its block", p.off, len(c.cur.data))
	}
	c.off = p.off
	return nil
}

// load makes the block at pos the current one.
func (c *cursor) load(ctx context.Context, pos int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if pos < c.in.start || pos >= c.in.end {
		return malformed(c.in.start, c.in.what, "its block at byte %d is not between byte %d and byte %d", pos, c.in.start, c.in.end)
	}
	b, err := c.m.meta.Get(ctx, metaKey{pos: pos})
	if err != nil {
		return err
	}
	c.block, c.cur, c.off = pos, b, 0
	return nil
}

// rest returns what is left of the current block, or of the next one if nothing is left of it.
func (c *cursor) rest(ctx context.Context) ([]byte, error) {
	if c.off == len(c.cur.data) {
		if err := c.load(ctx, c.cur.next); err != nil {
			return nil, err
		}
	}
	return c.cur.data[c.off:], nil
}

// take returns the next n bytes. They are valid until the next call and must not be changed.
func (c *cursor) take(ctx context.Context, n int) ([]byte, error) {
	if n <= len(c.cur.data)-c.off {
		c.off += n
		return c.cur.data[c.off-n : c.off], nil
	}
	c.joint = c.joint[:0]
	for len(c.joint) < n {
		b, err := c.rest(ctx)
		if err != nil {
			return nil, err
		}
		b = b[:min(len(b), n-len(c.joint))]
		c.joint = append(c.joint, b...)
		c.off += len(b)
	}
	return c.joint, nil
}

// skip passes over n bytes.
func (c *cursor) skip(ctx context.Context, n int64) error {
	for n > 0 {
		b, err := c.rest(ctx)
		if err != nil {
			return err
		}
		k := min(n, int64(len(b)))
		c.off += int(k)
		n -= k
	}
	return nil
}

func (c *cursor) uint32(ctx context.Context) (uint32, error) {
	b, err := c.take(ctx, 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// place returns where the cursor stands.
func (c *cursor) place() place { return place{c.block, c.off} }

// malformed blames the structure that is being read.
func (c *cursor) malformed(format string, args ...any) error {
	return malformed(c.block, c.in.what, format, args...)
}
