package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"syscall"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// identity is what tells one state of a file from another.
//
// Its ETag is made of the inode number and the modification time, which an overwrite changes in
// place as well as by renaming. The change time is not part of it: chown, chmod, a backup's hard
// link or utimes change it too and must not make every published location invalid. But it can not
// be set by anybody, so it serves as a guard while one read lasts.
type identity struct {
	inode        uint64
	size         int64
	mtime, ctime syscall.Timespec
}

func (id identity) etag() string { return fmt.Sprintf("%x-%x", id.inode, id.mtime.Nano()) }

func (id identity) location(url string) fetch.Location {
	return fetch.Location{URL: url, ETag: id.etag(), Size: id.size}
}

func (id identity) modified() time.Time { return time.Unix(id.mtime.Unix()) }

// object is an open regular file and the state it had when it was opened.
type object struct {
	*os.File
	id identity
}

// open returns the file at key. Everything but a regular file counts as not there.
func (s *Store) open(ctx context.Context, key string) (*object, error) {
	root, err := s.root(ctx, key)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// O_NONBLOCK: the open of a fifo must not wait for a writer.
	f, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	id, err := identify(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &object{File: f, id: id}, nil
}

func identify(f *os.File) (identity, error) {
	info, err := f.Stat()
	if err != nil {
		return identity{}, err
	}
	if !info.Mode().IsRegular() {
		return identity{}, fmt.Errorf("not a regular file: %w", iofs.ErrNotExist)
	}
	st := info.Sys().(*syscall.Stat_t)
	return identity{inode: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}, nil
}

// readAttempts bounds how often a read starts again because somebody touched the file meanwhile.
const readAttempts = 3

// read fills p from off with bytes of the state that open saw, or fails. A new change time alone,
// as the end of a Create or a chmod causes it, makes it read once more.
func (o *object) read(p []byte, off int64) error {
	before := o.id
	for range readAttempts {
		n, err := o.ReadAt(p, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		after, err := identify(o.File)
		if err != nil {
			return err
		}
		if n == len(p) && after == before {
			return nil
		}
		if n < len(p) || after.size != before.size || after.etag() != before.etag() {
			break
		}
		before = after
	}
	return fmt.Errorf("%w: the file changed while it was being read", fetch.ErrUnavailable)
}
