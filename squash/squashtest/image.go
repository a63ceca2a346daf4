package squashtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
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
	w := imageWalk{m: m, seen: Snapshot{}, todo: []found{{".", m.RootRef()}}, buf: make([]byte, 300_000)}
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
	buf  []byte // no multiple of any block
}

func (w *imageWalk) visit(ctx context.Context, f found) error {
	ino, err := w.m.Inode(ctx, f.ref)
	if err != nil {
		return err
	}
	n := Node{
		Mode: ino.Mode, UID: ino.UID, GID: ino.GID, Size: ino.Size, Blocks: ino.Blocks, ModTime: ino.ModTime * 1e9,
		Nlink: ino.Nlink, Major: ino.Major(), Minor: ino.Minor(), Number: uint64(ino.Number), Parent: uint64(ino.Parent),
	}
	switch ino.Type() {
	case squash.ModeSymlink:
		n.Target, err = w.m.Readlink(ctx, ino)
	case squash.ModeRegular:
		n.Content, err = w.digest(ctx, ino)
	case squash.ModeDir:
		n.Listing, err = w.list(ctx, f.path, ino)
	}
	if f.path == "." {
		n.Parent = 0
	}
	if err != nil {
		return err
	}
	n.Xattrs, err = w.xattrs(ctx, ino)
	w.seen[f.path] = n
	return err
}

// list returns the listing of dir and notes what is in it. It makes sure that Lookup and ParentRef
// agree.
func (w *imageWalk) list(ctx context.Context, path string, dir *squash.Inode) (string, error) {
	var entries []squash.Entry
	err := w.m.ReadDir(ctx, dir, 0, func(e squash.Entry) bool {
		entries = append(entries, e)
		return true
	})
	if err != nil {
		return "", err
	}
	var listing []byte
	for _, e := range entries {
		if l, err := w.m.Lookup(ctx, dir, e.Name); err != nil || l != e {
			return "", fmt.Errorf("Lookup(%q) = %+v, %w; ReadDir says %+v", e.Name, l, err, e)
		}
		if e.Type == squash.ModeDir {
			if err := w.checkParent(ctx, e, dir); err != nil {
				return "", err
			}
		}
		listing = addEntry(listing, uint64(e.Number), uint8(e.Type>>12), e.Name)
		w.todo = append(w.todo, found{filepath.Join(path, e.Name), e.Ref})
	}
	return string(listing), nil
}

// checkParent makes sure that the way up from the directory e leads to dir, where it was found. One
// maker, go-diskfs, leaves a zero for the number of a parent, and then there is no way.
func (w *imageWalk) checkParent(ctx context.Context, e squash.Entry, dir *squash.Inode) error {
	ino, err := w.m.Inode(ctx, e.Ref)
	if err != nil {
		return err
	}
	ref, err := w.m.ParentRef(ctx, ino)
	if !w.m.Superblock().HasExports() && errors.Is(err, errors.ErrUnsupported) || ino.Parent == 0 && errors.Is(err, squash.ErrFormat) {
		return nil
	}
	if err != nil || ref != dir.Ref {
		return fmt.Errorf("ParentRef of %q = %#x, %w; it is in %#x", e.Name, ref, err, dir.Ref)
	}
	return nil
}

func (w *imageWalk) digest(ctx context.Context, ino *squash.Inode) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	for off := int64(0); ; off += int64(len(w.buf)) {
		n, err := w.m.ReadAt(ctx, ino, w.buf, off)
		if err != nil {
			return sum, fmt.Errorf("ReadAt(%d): %w", off, err)
		}
		h.Write(w.buf[:n])
		if n < len(w.buf) {
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
