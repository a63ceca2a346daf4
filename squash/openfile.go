package squash

import (
	"fmt"
	"io"
	iofs "io/fs"
	"sync"
)

// openFile is what files and directories opened through FS have in common.
type openFile struct {
	fs   *imageFS
	name string
	ino  *Inode
}

func (o *openFile) Stat() (iofs.FileInfo, error) { return newFileInfo(o.name, o.ino), nil }

// Close does nothing: an open file holds nothing but memory.
func (o *openFile) Close() error { return nil }

// regularFile is anything but a directory; reading what is no regular file fails.
type regularFile struct {
	openFile
	mu  sync.Mutex // guards off
	off int64      // where Read goes on
}

var (
	_ io.ReaderAt   = (*regularFile)(nil)
	_ io.ReadSeeker = (*regularFile)(nil)
)

func (r *regularFile) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.fs.m.ReadAt(r.fs.ctx, r.ino, p, r.off)
	r.off += int64(n)
	if n == 0 && len(p) > 0 && err == nil {
		err = io.EOF
	}
	return n, pathError("read", r.name, err)
}

func (r *regularFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.fs.m.ReadAt(r.fs.ctx, r.ino, p, off)
	if n < len(p) && err == nil {
		err = io.EOF
	}
	return n, pathError("read", r.name, err)
}

func (r *regularFile) Seek(off int64, whence int) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		off += r.off
	case io.SeekEnd:
		off += r.ino.Size
	default:
		return 0, pathError("seek", r.name, fmt.Errorf("whence %d: %w", whence, iofs.ErrInvalid))
	}
	if off < 0 {
		return 0, pathError("seek", r.name, fmt.Errorf("to byte %d: %w", off, iofs.ErrInvalid))
	}
	r.off = off
	return off, nil
}

// openDir is a directory that is being listed.
type openDir struct {
	openFile
	mu  sync.Mutex // guards pos
	pos DirPos     // where ReadDir goes on
}

var _ iofs.ReadDirFile = (*openDir)(nil)

func (d *openDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.name, fmt.Errorf("is a directory: %w", iofs.ErrInvalid))
}

// ReadDir lists in the order of the image. Without an n it refuses more than 1 Mi entries.
func (d *openDir) ReadDir(n int) (list []iofs.DirEntry, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, d.pos, err = d.fs.list(d.ino, d.pos, n)
	if err == nil && n > 0 && len(list) == 0 {
		err = io.EOF
	}
	return list, pathError("readdir", d.name, err)
}
