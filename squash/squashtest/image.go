package squashtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/squash"
)

// Open opens the image file at path; the end of the test closes it.
func Open(t testing.TB, path string, cfg squash.Config) *squash.Image {
	t.Helper()
	m, err := squash.Open(t.Context(), OpenSource(t, path), cfg)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	return m
}

// OpenSource returns the file at path as a Source; the end of the test closes it.
func OpenSource(t testing.TB, path string) *Source {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return NewSource(f, info.Size())
}

// SnapshotImage takes in everything in m, through its methods alone.
func SnapshotImage(t testing.TB, m *squash.Image) Snapshot {
	t.Helper()
	w := imageWalk{m: m, seen: Snapshot{}, todo: []found{{".", m.RootRef()}}}
	for len(w.todo) > 0 {
		last := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if err := w.visit(t.Context(), last); err != nil {
			t.Fatalf("%q: %v", last.path, err)
		}
	}
	return w.seen
}

// found is a file that is to be visited.
type found struct {
	path string
	ref  squash.Ref
}

type imageWalk struct {
	m    *squash.Image
	seen Snapshot
	todo []found
}

func (w *imageWalk) visit(ctx context.Context, f found) error {
	ino, err := w.m.Inode(ctx, f.ref)
	if err != nil {
		return err
	}
	n := Node{
		Mode: ino.Mode, UID: ino.UID, GID: ino.GID, Size: ino.Size, Blocks: ino.Blocks, ModTime: ino.ModTime * 1e9,
		Nlink: ino.Nlink, Major: ino.Major(), Minor: ino.Minor(), Number: uint64(ino.Number),
	}
	switch ino.Type() {
	case squash.ModeSymlink:
		n.Target, err = w.m.Readlink(ctx, ino)
	case squash.ModeRegular:
		n.Content, err = w.digest(ctx, ino)
	case squash.ModeDir:
		err = w.list(ctx, f.path, ino)
	}
	if err != nil {
		return err
	}
	n.Xattrs, err = w.xattrs(ctx, ino)
	w.seen[f.path] = n
	return err
}

// list notes what is in dir and makes sure that Lookup agrees.
func (w *imageWalk) list(ctx context.Context, path string, dir *squash.Inode) error {
	var names []squash.Entry
	err := w.m.ReadDir(ctx, dir, 0, func(e squash.Entry) bool {
		names = append(names, e)
		return true
	})
	if err != nil {
		return err
	}
	for _, e := range names {
		if l, err := w.m.Lookup(ctx, dir, e.Name); err != nil || l != e {
			return fmt.Errorf("Lookup(%q) = %+v, %w; ReadDir says %+v", e.Name, l, err, e)
		}
		w.todo = append(w.todo, found{filepath.Join(path, e.Name), e.Ref})
	}
	return nil
}

func (w *imageWalk) digest(ctx context.Context, ino *squash.Inode) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	p := make([]byte, 300_000) // no multiple of any block
	for off := int64(0); ; off += int64(len(p)) {
		n, err := w.m.ReadAt(ctx, ino, p, off)
		if err != nil {
			return sum, fmt.Errorf("ReadAt(%d): %w", off, err)
		}
		h.Write(p[:n])
		if n < len(p) {
			return [sha256.Size]byte(h.Sum(nil)), nil
		}
	}
}

func (w *imageWalk) xattrs(ctx context.Context, ino *squash.Inode) (string, error) {
	list, err := w.m.Xattrs(ctx, ino)
	var out bytes.Buffer
	for _, x := range list {
		fmt.Fprintf(&out, "%q=%q ", x.Name, x.Value)
	}
	return out.String(), err
}
