package squash

import (
	"context"
	"encoding/binary"
	"errors"
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
	maxXattrNames  = 64 << 10 // bytes of the names of one inode, each with a byte behind it; what Linux lists
	maxXattrBytes  = 16 << 20 // bytes of memory that the values of one inode may take
	xattrOverhead  = 64       // bytes of memory that an attribute takes beside that
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
// that squashfs 4.0 does not define are left out, as the kernel does. More than 64 KiB of names, which
// Linux can not list either, or 16 MiB of values are an error that matches errors.ErrUnsupported.
func (m *Image) Xattrs(ctx context.Context, ino *Inode) ([]Xattr, error) {
	var list []Xattr
	names, values := maxXattrNames, maxXattrBytes
	err := m.eachXattr(ctx, ino, func(a *attribute) error {
		value, err := a.value(ctx)
		if err != nil {
			return err
		}
		names -= len(a.name) + 1
		if values -= len(value) + xattrOverhead; names < 0 || values < 0 {
			return fmt.Errorf("inode %d has more extended attributes than can be listed: %w", ino.Number, errors.ErrUnsupported)
		}
		list = append(list, Xattr{a.name, value})
		return nil
	})
	return list, err
}

// XattrNames is Xattrs without the values.
func (m *Image) XattrNames(ctx context.Context, ino *Inode) ([]string, error) {
	var list []string
	names := maxXattrNames
	err := m.eachXattr(ctx, ino, func(a *attribute) error {
		if names -= len(a.name) + 1; names < 0 {
			return fmt.Errorf("inode %d has more names of extended attributes than can be listed: %w", ino.Number, errors.ErrUnsupported)
		}
		list = append(list, a.name)
		return nil
	})
	return list, err
}

// Xattr returns the value of one extended attribute of ino, without reading the others; found tells
// whether it has one of that name.
func (m *Image) Xattr(ctx context.Context, ino *Inode, name string) (value []byte, found bool, err error) {
	err = m.eachXattr(ctx, ino, func(a *attribute) (err error) {
		if a.name != name {
			return nil
		}
		found = true
		if value, err = a.value(ctx); err == nil {
			err = errEnough
		}
		return err
	})
	return value, found, err
}

// errEnough ends eachXattr without being an error.
var errEnough = errors.New("enough")

// eachXattr yields the attributes of ino whose prefix is known, until yield says that it has enough or
// fails.
func (m *Image) eachXattr(ctx context.Context, ino *Inode, yield func(*attribute) error) error {
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
	for range set.count {
		a, err := m.nextXattr(ctx, c)
		if err == nil && a.name != "" {
			err = yield(&a)
		}
		if err == nil {
			err = a.skip(ctx)
		}
		if err == errEnough {
			return nil
		}
		if err != nil {
			return err
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
