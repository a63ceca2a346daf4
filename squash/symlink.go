package squash

import (
	"context"
	"fmt"
	iofs "io/fs"
)

// Readlink returns the target of a symbolic link; the error matches fs.ErrInvalid if ino is none.
func (m *Image) Readlink(ctx context.Context, ino *Inode) (string, error) {
	if ino.Type() != ModeSymlink {
		return "", fmt.Errorf("inode %d is no symbolic link: %w", ino.Number, iofs.ErrInvalid)
	}
	c, err := m.cursorAt(ctx, ino.link, m.inodes("symbolic link"))
	if err != nil {
		return "", err
	}
	b, err := c.take(ctx, int(ino.Size))
	return string(b), err
}
