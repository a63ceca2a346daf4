package file

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

const (
	tempDir    = marker + "/tmp" // files of unfinished Creates; on the objects' filesystem
	copySize   = 1 << 20         // bytes between two looks at the context
	staleAfter = 24 * time.Hour  // an upload in progress writes to its file much more often
	// linkAttempts bounds how often a Remove next door may take away the directory just made.
	linkAttempts = 10
)

// Create writes body to a temporary file and gives it its name with link(2), which fails if the
// name is taken. Data, name and new directories are on the disk when it returns.
func (s *Store) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	url := s.objectURL(key)
	if size < 0 {
		return fetch.Location{}, fmt.Errorf("create %s: negative size %d", url, size)
	}
	root, err := s.root(ctx, key)
	if err != nil {
		return fetch.Location{}, explain("create", url, err)
	}
	defer root.Close()
	if _, err := root.Lstat(key); err == nil { // before gigabytes are copied
		return fetch.Location{}, explain("create", url, iofs.ErrExist)
	}
	temp, id, err := writeTemp(ctx, root, body, size)
	if err != nil {
		return fetch.Location{}, explain("create", url, err)
	}
	defer root.Remove(temp)
	if err := publish(ctx, root, temp, key); isNotDir(err) {
		return fetch.Location{}, fmt.Errorf("create %s: %w: a part of the key is an object", url, fetch.ErrConflict)
	} else if err != nil {
		return fetch.Location{}, explain("create", url, err)
	}
	return id.location(url), nil
}

// writeTemp returns the name and identity of a new file with body in it, on the disk.
func writeTemp(ctx context.Context, root *os.Root, body io.ReaderAt, size int64) (string, identity, error) {
	if err := root.MkdirAll(tempDir, 0o777); err != nil {
		return "", identity{}, err
	}
	name := path.Join(tempDir, rand.Text())
	// Read-only from the start: nobody should write into an object in place.
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return "", identity{}, err
	}
	defer f.Close()
	sweep(root, f)
	err = copyBody(ctx, f, body, size)
	if err == nil {
		err = f.Sync()
	}
	id, statErr := identify(f)
	if err = errors.Join(err, statErr); err != nil {
		root.Remove(name)
		return "", identity{}, err
	}
	return name, id, nil
}

// copyBody writes size bytes of body to f; a body that is shorter is an error.
func copyBody(ctx context.Context, f *os.File, body io.ReaderAt, size int64) error {
	buf := make([]byte, min(size, copySize))
	for off := int64(0); off < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := int(min(size-off, copySize))
		if got, err := body.ReadAt(buf[:n], off); got < n {
			return &bodyError{off: off + int64(got), err: cmp.Or(err, io.ErrNoProgress)}
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// bodyError is the fault of what is to be stored, not of the store.
type bodyError struct {
	off int64
	err error
}

func (e *bodyError) Error() string {
	return fmt.Sprintf("read the bytes to store at offset %d: %v", e.off, e.err)
}

func (e *bodyError) Unwrap() error { return e.err }

// publish gives temp the name key, with its directories, and makes all of it durable.
func publish(ctx context.Context, root *os.Root, temp, key string) error {
	dir := path.Dir(key)
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := root.MkdirAll(dir, 0o777); err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return err
		}
		err := root.Link(temp, key)
		if err == nil || errors.Is(err, iofs.ErrExist) && sameFile(root, temp, key) {
			break
		}
		if !errors.Is(err, iofs.ErrNotExist) || attempt == linkAttempts {
			return err
		}
	}
	for ; ; dir = path.Dir(dir) {
		if err := syncDir(root, dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// sameFile recognises a link that an NFS server made although it says, asked twice, that the name
// is taken.
func sameFile(root *os.Root, a, b string) bool {
	infoA, errA := root.Lstat(a)
	infoB, errB := root.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// syncDir makes the names in dir durable. Filesystems that can not say EINVAL.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil // removed meanwhile; who did so syncs the parent
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// sweep removes what Creates that were killed have left behind. The new file mine tells the time by
// the clock of the filesystem's server. It is a courtesy: errors are for somebody else to find.
func sweep(root *os.Root, mine *os.File) {
	now, err := mine.Stat()
	if err != nil {
		return
	}
	d, err := root.Open(tempDir)
	if err != nil {
		return
	}
	defer d.Close()
	entries, _ := d.ReadDir(-1)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.ModTime().Sub(info.ModTime()) > staleAfter {
			root.Remove(path.Join(tempDir, e.Name()))
		}
	}
}
