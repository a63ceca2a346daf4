package tree

import (
	"context"
	"errors"

	"github.com/pinfs/pinfs/squash"
)

// ReadAt reads a regular file like pread(2): n < len(p) only at the end of the file, without error.
func (t *Tree) ReadAt(ctx context.Context, id NodeID, p []byte, off int64) (int, error) {
	inode, err := t.inode(ctx, id)
	if err != nil {
		return 0, err
	}
	return t.image.ReadAt(ctx, inode, p, off)
}

// Readlink returns the target of a symbolic link.
func (t *Tree) Readlink(ctx context.Context, id NodeID) (string, error) {
	inode, err := t.inode(ctx, id)
	if err != nil {
		return "", err
	}
	return t.image.Readlink(ctx, inode)
}

// SeekData returns where the next data of a regular file are; ErrNoData if there are none.
func (t *Tree) SeekData(ctx context.Context, id NodeID, off int64) (int64, error) {
	return t.seek(ctx, id, off, t.image.SeekData)
}

// SeekHole returns where the next hole of a regular file is, or its end; ErrNoData outside of it.
func (t *Tree) SeekHole(ctx context.Context, id NodeID, off int64) (int64, error) {
	return t.seek(ctx, id, off, t.image.SeekHole)
}

func (t *Tree) seek(ctx context.Context, id NodeID, off int64, seek func(context.Context, *squash.Inode, int64) (int64, error)) (int64, error) {
	inode, err := t.inode(ctx, id)
	if err != nil {
		return 0, err
	}
	at, err := seek(ctx, inode, off)
	if errors.Is(err, squash.ErrNoData) {
		err = ErrNoData
	}
	return at, err
}
