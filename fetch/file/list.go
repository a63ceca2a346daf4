package file

import (
	"cmp"
	"context"
	"errors"
	iofs "io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// List yields the objects whose key starts with prefix, in byte order of their keys. It holds the
// names of one directory per level in memory.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		root, err := os.OpenRoot(s.dir)
		if err != nil {
			yield(fetch.Entry{}, explain("list", s.URL(), err))
			return
		}
		defer root.Close()
		l := lister{ctx: ctx, store: s, root: root, prefix: prefix, yield: yield}
		if err := l.walk("."); err != nil && !errors.Is(err, errStopped) {
			yield(fetch.Entry{}, explain("list", s.objectURL(prefix), err))
		}
	}
}

// errStopped ends a walk whose consumer has had enough.
var errStopped = errors.New("stopped")

// lister is one listing under way.
type lister struct {
	ctx    context.Context // of the one call of List that it lives in
	store  *Store
	root   *os.Root
	prefix string
	yield  func(fetch.Entry, error) bool
}

// walk yields the objects below dir.
func (l *lister) walk(dir string) error {
	entries, err := readDir(l.root, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if err := l.visit(path.Join(dir, e.Name()), e); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) visit(key string, e iofs.DirEntry) error {
	if e.IsDir() {
		below := key + "/"
		if key == tempDir || !strings.HasPrefix(below, l.prefix) && !strings.HasPrefix(l.prefix, below) {
			return nil
		}
		return l.walk(key)
	}
	if !strings.HasPrefix(key, l.prefix) {
		return nil
	}
	f, err := l.store.open(l.ctx, key)
	if errors.Is(err, iofs.ErrNotExist) || isNotDir(err) || err != nil && e.Type()&iofs.ModeSymlink != 0 {
		return nil // removed meanwhile, no regular file, or a link to somewhere else
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !l.yield(fetch.Entry{Key: key, Location: f.id.location(l.store.objectURL(key)), Modified: f.id.modified()}, nil) {
		return errStopped
	}
	return nil
}

// readDir returns dir's entries in the order that their keys have: a directory sorts with the slash
// that follows its name. A directory that has vanished is empty.
func readDir(root *os.Root, dir string) ([]iofs.DirEntry, error) {
	d, err := root.Open(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	slices.SortFunc(entries, func(a, b iofs.DirEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
	return entries, err
}

func sortName(e iofs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
