package tree

import "context"

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
