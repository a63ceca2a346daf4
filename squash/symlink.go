package squash

import (
	"context"
	"fmt"
	iofs "io/fs"
	"strings"
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
	target, _, _ := strings.Cut(string(b), "\x00") // which ends it for the kernel too
	return target, err
}
