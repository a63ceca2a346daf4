package squash

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
)

const exportSize = 8

// ParentRef returns the reference of dir's parent, for the root that of itself. Without an export
// table, which mksquashfs -no-exports leaves out, the error matches errors.ErrUnsupported.
func (m *Image) ParentRef(ctx context.Context, dir *Inode) (Ref, error) {
	if !dir.IsDir() {
		return 0, fmt.Errorf("inode %d is no directory: %w", dir.Number, iofs.ErrInvalid)
	}
	if dir.Ref == m.sb.Root {
		return m.sb.Root, nil
	}
	ref, err := m.export(ctx, dir.Parent)
	if err != nil {
		return 0, err
	}
	parent, err := m.Inode(ctx, ref)
	if err != nil {
		return 0, err
	}
	if parent.Number != dir.Parent || !parent.IsDir() {
		return 0, malformed(int64(m.sb.exportTable), "export table", "the entry of inode %d leads to inode %d with mode %o",
			dir.Parent, parent.Number, parent.Mode)
	}
	return ref, nil
}

// export looks up the reference of the inode with the given number, which counts from 1.
func (m *Image) export(ctx context.Context, number uint32) (Ref, error) {
	if !m.sb.HasExports() {
		return 0, fmt.Errorf("the image has no export table: %w", errors.ErrUnsupported)
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
