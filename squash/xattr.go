package squash

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Xattr is one extended attribute.
type Xattr struct {
	Name  string // with its prefix, "user.", "trusted." or "security."
	Value []byte
}

const (
	xattrHeadSize  = 16 // of the table of sets, before its list of pointers
	xattrIDSize    = 16
	xattrOutOfLine = 0x100    // in a key's type: the value is a reference to the value
	maxXattrName   = 255      // bytes behind the prefix; what Linux allows with it
	maxXattrValue  = 64 << 10 // bytes of a value; what Linux allows
	maxXattrBytes  = 4 << 20  // bytes of memory that the attributes of one inode may take
	xattrOverhead  = 64       // bytes of memory that an attribute takes beside its name and value
)

// xattrTable locates the extended attributes; sets is empty if the image has none.
type xattrTable struct {
	start uint64 // of the keys and values, in the image
	sets  table  // number, reference and size of each inode's attributes
}

func (m *Image) readXattrTable(ctx context.Context) (x xattrTable, err error) {
	if !m.sb.HasXattrs() {
		return x, nil
	}
	pos := int64(m.sb.xattrTable)
	var b [xattrHeadSize]byte
	if err := m.src.ReadAt(ctx, b[:], pos); err != nil {
		return x, fmt.Errorf("xattr table at byte %d: %w", pos, err)
	}
	x.start = binary.LittleEndian.Uint64(b[:])
	n := binary.LittleEndian.Uint32(b[8:])
	x.sets = table{name: "xattr table", start: m.sb.xattrTable + xattrHeadSize, entrySize: xattrIDSize, n: uint64(n)}
	if x.start <= m.sb.idTable || x.start >= m.sb.xattrTable {
		return x, malformed(pos, "xattr table", "keys and values at byte %d, not behind the id table at %d", x.start, m.sb.idTable)
	}
	if n == 0 {
		return x, malformed(pos, "xattr table", "it is empty")
	}
	return x, x.sets.check(m.sb.BytesUsed)
}

// Xattrs returns the extended attributes of ino in the order of the image. Attributes with a prefix
// that squashfs 4.0 does not define are left out, as the kernel does.
func (m *Image) Xattrs(ctx context.Context, ino *Inode) ([]Xattr, error) {
	var list []Xattr
	err := m.eachXattr(ctx, ino, func(x Xattr) bool {
		list = append(list, x)
		return true
	})
	return list, err
}

// Xattr returns the value of one extended attribute of ino, without keeping the others; found tells
// whether it has one of that name.
func (m *Image) Xattr(ctx context.Context, ino *Inode, name string) (value []byte, found bool, err error) {
	err = m.eachXattr(ctx, ino, func(x Xattr) bool {
		if x.Name == name {
			value, found = x.Value, true
		}
		return !found
	})
	return value, found, err
}

// eachXattr yields the attributes of ino until yield says false. An image can claim two thousand
// million of them in a few bytes, so what they take is counted.
func (m *Image) eachXattr(ctx context.Context, ino *Inode, yield func(Xattr) bool) error {
	if !ino.HasXattrs() || !m.sb.HasXattrs() {
		return nil
	}
	set, err := m.xattrSet(ctx, ino.xattr)
	if err != nil {
		return err
	}
	c, err := m.cursorAt(ctx, m.attributes("xattr").at(set.ref), m.attributes("xattr"))
	if err != nil {
		return err
	}
	room := maxXattrBytes
	for range set.count {
		x, known, err := m.nextXattr(ctx, c)
		if err != nil {
			return err
		}
		if room -= len(x.Name) + len(x.Value) + xattrOverhead; room < 0 {
			return c.malformed("the attributes of inode %d take more than %d bytes", ino.Number, maxXattrBytes)
		}
		if known && !yield(x) {
			return nil
		}
	}
	return nil
}

// xattrSet is the attributes of an inode, or of several inodes that have the same.
type xattrSet struct {
	ref   uint64 // of the first, from the start of the keys and values
	count uint32
	size  uint32 // bytes of names and values as the image's maker adds them up
}

func (m *Image) xattrSet(ctx context.Context, index uint32) (s xattrSet, err error) {
	c, err := m.xattrs.sets.seek(ctx, m, uint64(index))
	if err != nil {
		return s, err
	}
	b, err := c.take(ctx, xattrIDSize)
	if err != nil {
		return s, err
	}
	le := binary.LittleEndian
	return xattrSet{le.Uint64(b), le.Uint32(b[8:]), le.Uint32(b[12:])}, nil
}

// addXattrBlocks counts the attributes into st_blocks, as the kernel does.
func (m *Image) addXattrBlocks(ctx context.Context, ino *Inode) error {
	if !ino.HasXattrs() || !m.sb.HasXattrs() {
		return nil
	}
	s, err := m.xattrSet(ctx, ino.xattr)
	ino.Blocks += sectors(int64(s.size))
	return err
}

// nextXattr reads one attribute; known tells whether its prefix is.
func (m *Image) nextXattr(ctx context.Context, c *cursor) (x Xattr, known bool, err error) {
	b, err := c.take(ctx, 4)
	if err != nil {
		return x, false, err
	}
	kind, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
	if n > maxXattrName {
		return x, false, c.malformed("name of %d bytes", n)
	}
	name, err := c.take(ctx, n)
	if err != nil {
		return x, false, err
	}
	prefixes := [...]string{"user.", "trusted.", "security."}
	if kind := int(kind &^ xattrOutOfLine); kind < len(prefixes) {
		x.Name, known = prefixes[kind]+string(name), true
	}
	x.Value, err = m.xattrValue(ctx, c, kind&xattrOutOfLine != 0)
	return x, known, err
}

// xattrValue reads the value that c stands at, or the one that it refers to if it is out of line:
// equal values are stored once.
func (m *Image) xattrValue(ctx context.Context, c *cursor, outOfLine bool) ([]byte, error) {
	b, err := readXattrValue(ctx, c)
	if err != nil || !outOfLine {
		return b, err
	}
	if len(b) != 8 {
		return nil, c.malformed("reference of %d bytes to a value", len(b))
	}
	c, err = m.cursorAt(ctx, c.in.at(binary.LittleEndian.Uint64(b)), m.attributes("xattr value"))
	if err != nil {
		return nil, err
	}
	return readXattrValue(ctx, c)
}

func readXattrValue(ctx context.Context, c *cursor) ([]byte, error) {
	n, err := c.uint32(ctx)
	if err != nil {
		return nil, err
	}
	if n > maxXattrValue {
		return nil, c.malformed("value of %d bytes", n)
	}
	b, err := c.take(ctx, int(n))
	return append([]byte{}, b...), err
}
