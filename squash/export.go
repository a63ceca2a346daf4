package squash

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
)

const exportSize = 8

// RefByNumber returns the reference of the inode with the given number, from 1 to Superblock.Inodes,
// and makes sure that this number is what it has. The error matches fs.ErrNotExist for any other
// number, and errors.ErrUnsupported if the image has no export table, which mksquashfs -no-exports
// leaves out.
func (m *Image) RefByNumber(ctx context.Context, number uint32) (Ref, error) {
	ino, err := m.inodeByNumber(ctx, number)
	if err != nil {
		return 0, err
	}
	return ino.Ref, nil
}

// ParentRef returns the reference of dir's parent, for the root that of itself. Without an export
// table the error matches errors.ErrUnsupported.
func (m *Image) ParentRef(ctx context.Context, dir *Inode) (Ref, error) {
	if !dir.IsDir() {
		return 0, fmt.Errorf("inode %d is no directory: %w", dir.Number, iofs.ErrInvalid)
	}
	if dir.Ref == m.sb.Root {
		return m.sb.Root, nil
	}
	parent, err := m.inodeByNumber(ctx, dir.Parent)
	switch {
	case errors.Is(err, errNoNumber) || err == nil && !parent.IsDir():
		pos := int64(m.sb.inodeTable + uint64(dir.Ref)>>16)
		return 0, malformed(pos, "inode", "number %d of its parent is that of no directory", dir.Parent)
	case err != nil:
		return 0, err
	}
	return parent.Ref, nil
}

// inodeByNumber reads the inode with the given number.
func (m *Image) inodeByNumber(ctx context.Context, number uint32) (*Inode, error) {
	ref, err := m.export(ctx, number)
	if err != nil {
		return nil, err
	}
	ino, err := m.Inode(ctx, ref)
	if err != nil {
		return nil, err
	}
	if ino.Number != number {
		return nil, malformed(int64(m.sb.exportTable), "export table", "the entry of inode %d leads to inode %d", number, ino.Number)
	}
	return ino, nil
}

// errNoNumber: the image has no inode with such a number.
var errNoNumber = fmt.Errorf("no such inode number: %w", iofs.ErrNotExist)

// export looks up where the inode with the given number should be.
func (m *Image) export(ctx context.Context, number uint32) (Ref, error) {
	if !m.sb.HasExports() {
		return 0, fmt.Errorf("the image has no export table: %w", errors.ErrUnsupported)
	}
	if number == 0 || number > m.sb.Inodes {
		return 0, fmt.Errorf("number %d of %d: %w", number, m.sb.Inodes, errNoNumber)
	}
	t := table{name: "export table", start: m.sb.exportTable, entrySize: exportSize, n: uint64(m.sb.Inodes)}
	c, err := t.seek(ctx, m, uint64(number)-1)
	if err != nil {
		return 0, err
	}
	b, err := c.take(ctx, exportSize)
	if err != nil {
		return 0, err
	}
	return Ref(binary.LittleEndian.Uint64(b)), nil
}
