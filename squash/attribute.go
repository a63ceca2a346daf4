package squash

import (
	"context"
	"encoding/binary"
)

// attribute is one that c has come to the value of.
type attribute struct {
	m         *Image
	c         *cursor
	name      string // "" if its prefix is not known
	outOfLine bool
	read      bool // c is behind the value
}

// nextXattr reads the key that c stands at.
func (m *Image) nextXattr(ctx context.Context, c *cursor) (attribute, error) {
	a := attribute{m: m, c: c}
	b, err := c.take(ctx, 4)
	if err != nil {
		return a, err
	}
	kind, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
	if n > maxXattrName {
		return a, c.malformed("name of %d bytes", n)
	}
	name, err := c.take(ctx, n)
	if err != nil {
		return a, err
	}
	prefixes := [...]string{"user.", "trusted.", "security."}
	if prefix := int(kind &^ xattrOutOfLine); prefix < len(prefixes) {
		a.name = prefixes[prefix] + string(name)
	}
	a.outOfLine = kind&xattrOutOfLine != 0
	return a, nil
}

// skip passes over the value if it was not read.
func (a *attribute) skip(ctx context.Context) error {
	if a.read {
		return nil
	}
	n, err := xattrValueSize(ctx, a.c)
	if err != nil {
		return err
	}
	return a.c.skip(ctx, n)
}

// value reads the value, or the one that it refers to if it is out of line: equal values are stored
// once.
func (a *attribute) value(ctx context.Context) ([]byte, error) {
	a.read = true
	b, err := readXattrValue(ctx, a.c)
	if err != nil || !a.outOfLine {
		return b, err
	}
	if len(b) != 8 {
		return nil, a.c.malformed("reference of %d bytes to a value", len(b))
	}
	c, err := a.m.cursorAt(ctx, a.c.in.at(binary.LittleEndian.Uint64(b)), a.m.attributes("xattr value"))
	if err != nil {
		return nil, err
	}
	return readXattrValue(ctx, c)
}

func xattrValueSize(ctx context.Context, c *cursor) (int64, error) {
	n, err := c.uint32(ctx)
	if err == nil && n > maxXattrValue {
		err = c.malformed("value of %d bytes", n)
	}
	return int64(n), err
}

func readXattrValue(ctx context.Context, c *cursor) ([]byte, error) {
	n, err := xattrValueSize(ctx, c)
	if err != nil {
		return nil, err
	}
	b, err := c.take(ctx, int(n))
	return append([]byte{}, b...), err
}
