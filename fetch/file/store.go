// Package file keeps images, manifests and records in a directory, with the same guarantees as an
// S3 bucket: nothing half written is ever visible, and only one of several creators wins.
package file

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// marker is the directory that makes a directory a store.
const marker = ".pinfs"

// Store is a directory as a fetch.Store; make one with New. It holds no descriptors and no state:
// every call opens what it needs and closes it, so it survives a remount of the directory and needs
// no Close. A read that waits for a dead network filesystem ends with its context; other calls wait as
// long as the kernel does.
//
// Keys are slash-separated paths below the directory. Symbolic links are followed as long as they
// stay inside.
type Store struct {
	dir   string        // absolute and clean
	calls chan struct{} // one element for each read under way
}

var _ fetch.Store = (*Store)(nil)

// New returns the store in dir, which must exist. What pinfs keeps lies in its subdirectory .pinfs,
// which the first Create makes.
func New(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("store directory %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, explain("open the store", fileURL(abs), err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the store %s: %w: not a directory", fileURL(abs), fetch.ErrNotFound)
	}
	return &Store{dir: abs, calls: make(chan struct{}, maxCalls)}, nil
}

// URL returns file:// and the absolute path of the directory.
func (s *Store) URL() string { return fileURL(s.dir) }

// fileURL is "file://" alone for the root directory, so that a slash and a key can follow.
func fileURL(dir string) string { return "file://" + strings.TrimSuffix(dir, "/") }

func (s *Store) objectURL(key string) string { return s.URL() + "/" + key }

// Stat returns where the object at key lies.
func (s *Store) Stat(ctx context.Context, key string) (fetch.Location, error) {
	f, err := s.open(ctx, key)
	if err != nil {
		return fetch.Location{}, explain("look up", s.objectURL(key), err)
	}
	defer f.Close()
	return f.id.location(s.objectURL(key)), nil
}

// Get returns the first n bytes of the object at key and where it lies.
func (s *Store) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	p, err := within(ctx, s, func() (got, error) { return s.get(ctx, key, n) })
	if err != nil {
		return nil, fetch.Location{}, explain("read", s.objectURL(key), err)
	}
	return p.bytes, p.id.location(s.objectURL(key)), nil
}

// got is the beginning of an object.
type got struct {
	bytes []byte
	id    identity
}

func (s *Store) get(ctx context.Context, key string, n int64) (got, error) {
	f, err := s.open(ctx, key)
	if err != nil {
		return got{}, err
	}
	defer f.Close()
	p := make([]byte, min(max(n, 0), f.id.size))
	return got{p, f.id}, f.read(p, 0)
}

// Remove deletes the object at key and, below .pinfs, the directories that it leaves empty.
func (s *Store) Remove(ctx context.Context, key string) error {
	root, err := s.root(ctx, key)
	if err != nil {
		return explain("remove", s.objectURL(key), err)
	}
	defer root.Close()
	info, err := root.Lstat(key)
	if errors.Is(err, iofs.ErrNotExist) || err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		err = root.Remove(key)
	}
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return explain("remove", s.objectURL(key), err)
	}
	if err := prune(root, path.Dir(key)); err != nil {
		return explain("remove", s.objectURL(key), err)
	}
	return nil
}

// prune removes dir and its parents as far as they are empty directories of ours and makes all
// that is gone durable.
func prune(root *os.Root, dir string) error {
	for strings.HasPrefix(dir, marker+"/") {
		if info, err := root.Lstat(dir); err != nil || !info.IsDir() || root.Remove(dir) != nil {
			break
		}
		dir = path.Dir(dir)
	}
	return syncDir(root, dir)
}

// root opens the store's directory after checking ctx and key.
func (s *Store) root(ctx context.Context, key string) (*os.Root, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return os.OpenRoot(s.dir)
}

// checkKey refuses keys that are no clean relative path or that name a file of Create's own.
func checkKey(key string) error {
	if !iofs.ValidPath(key) || key == "." || strings.Contains(key, "\x00") {
		return fmt.Errorf("key %q is no relative path of non-empty parts without \".\" and \"..\"", key)
	}
	if key == tempDir || strings.HasPrefix(key, tempDir+"/") {
		return fmt.Errorf("key %q: %s is reserved for uploads in progress", key, tempDir)
	}
	return nil
}
