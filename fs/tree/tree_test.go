package tree_test

import (
	"context"
	"errors"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// open makes a tree of a/b/c, a link and an attribute, and returns it with its source.
func open(t *testing.T, args ...string) (*tree.Tree, *broken) {
	t.Helper()
	dir := t.TempDir()
	err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "a/b"), 0o755), os.WriteFile(filepath.Join(dir, "a/b/c"), []byte("bytes"), 0o644),
		os.Symlink("a/b", filepath.Join(dir, "link")),
	)
	if err != nil {
		t.Fatal(err)
	}
	squashtest.SetXattr(t, dir, "user.own", "1")
	squashtest.SetXattr(t, dir, "user.pinfs.pin", "a lie")
	src := &broken{Source: squashtest.OpenSource(t, squashtest.Make(t, dir, args...))}
	image, err := squash.Open(t.Context(), src, squash.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return tree.New(image, tree.Info{Pin: "P", Name: "N", Revision: 2, State: func() string { return "serving" }}), src
}

// broken is a source that fails with err while that is set.
type broken struct {
	*squashtest.Source
	err atomic.Pointer[error]
}

func (b *broken) ReadAt(ctx context.Context, p []byte, off int64) error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return b.Source.ReadAt(ctx, p, off)
}

func lookup(t *testing.T, tr *tree.Tree, dir tree.NodeID, names ...string) tree.Attr {
	t.Helper()
	attr := tree.Attr{Node: dir}
	var err error
	for _, name := range names {
		if attr, err = tr.Lookup(t.Context(), attr.Node, name); err != nil {
			t.Fatalf("Lookup(%q): %v", name, err)
		}
	}
	return attr
}

func TestLookup(t *testing.T) {
	tr, _ := open(t)
	root := lookup(t, tr, tree.Root, ".")
	if root.Node != tree.Root || root.Ino == 0 {
		t.Errorf("root = %+v, want node 1", root)
	}
	a, b := lookup(t, tr, tree.Root, "a"), lookup(t, tr, tree.Root, "a", "b")
	for _, tt := range []struct {
		names []string
		want  tree.Attr
	}{
		{[]string{"a", "."}, a}, {[]string{"a", ".."}, root}, {[]string{"a", "b", ".."}, a},
		{[]string{"a", "b", "..", "..", "..", "a", "b", "."}, b},
	} {
		if got := lookup(t, tr, tree.Root, tt.names...); got != tt.want {
			t.Errorf("Lookup(%q) = %+v, want %+v", tt.names, got, tt.want)
		}
	}
	if _, err := tr.Lookup(t.Context(), tree.Root, "none"); !errors.Is(err, tree.ErrNotExist) {
		t.Errorf("Lookup(none) = %v, want ErrNotExist", err)
	}
	p := make([]byte, 9)
	c := lookup(t, tr, b.Node, "c")
	if n, err := tr.ReadAt(t.Context(), c.Node, p, 1); err != nil || string(p[:n]) != "ytes" {
		t.Errorf("ReadAt = %q, %v", p[:n], err)
	}
	if target, err := tr.Readlink(t.Context(), lookup(t, tr, tree.Root, "link").Node); err != nil || target != "a/b" {
		t.Errorf("Readlink = %q, %v", target, err)
	}
}

func TestParentWithoutExportTable(t *testing.T) {
	tr, _ := open(t, "-no-exports")
	b := lookup(t, tr, tree.Root, "a", "b")
	if _, err := tr.Lookup(t.Context(), b.Node, ".."); !errors.Is(err, tree.ErrStale) {
		t.Errorf("Lookup(..) = %v, want ErrStale", err)
	}
}

func TestReadDirResumesAtEachCookie(t *testing.T) {
	tr, _ := open(t)
	list := func(cookie uint64) (all []tree.Entry) {
		err := tr.ReadDir(t.Context(), tree.Root, cookie, func(e tree.Entry) bool {
			all = append(all, e)
			return true
		})
		if err != nil {
			t.Fatalf("ReadDir(%d): %v", cookie, err)
		}
		return all
	}
	all := list(0)
	var names []string
	for i, e := range all {
		names = append(names, e.Name)
		if rest := list(e.Cookie); !slices.Equal(rest, all[i+1:]) {
			t.Errorf("behind %q: %v, want %v", e.Name, rest, all[i+1:])
		}
	}
	if !slices.Equal(names, []string{".", "..", "a", "link"}) {
		t.Errorf("names = %q", names)
	}
}

// TestForeignNodes: node numbers come from outside (NFS handles); any of them may get an error or
// some node, none may do harm.
func TestForeignNodes(t *testing.T) {
	tr, _ := open(t)
	ctx := t.Context()
	for _, id := range []tree.NodeID{0, 1<<48 + 2, 1 << 63, ^tree.NodeID(0), 1<<47 + 5} {
		if _, err := tr.Lookup(ctx, id, "."); !errors.Is(err, tree.ErrStale) {
			t.Errorf("Lookup(%d, .) = %v, want ErrStale", id, err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		id := tree.NodeID(r.Uint64N(400))
		_, err := tr.Lookup(ctx, id, ".")
		_, _ = tr.Lookup(ctx, id, "..")
		_, err2 := tr.Lookup(ctx, id, "x")
		_, _ = tr.ReadAt(ctx, id, make([]byte, 10), int64(r.Uint64()))
		_, _ = tr.Readlink(ctx, id)
		_, _ = tr.XattrNames(ctx, id)
		_ = tr.ReadDir(ctx, id, r.Uint64(), func(tree.Entry) bool { return r.IntN(5) > 0 })
		if err != nil && !errors.Is(err, tree.ErrStale) || err2 == nil {
			t.Errorf("node %d: Lookup(.) = %v, Lookup(x) = %v", id, err, err2)
		}
	}
}

func TestLostSourceIsNoMissingName(t *testing.T) {
	tr, src := open(t, "-noI")
	lost := error(&os.PathError{Op: "open", Path: "image", Err: iofs.ErrNotExist})
	c := lookup(t, tr, tree.Root, "a", "b", "c")
	src.err.Store(&lost)
	_, err := tr.ReadAt(t.Context(), c.Node, make([]byte, 5), 0)
	if !errors.Is(err, iofs.ErrNotExist) || errors.Is(err, tree.ErrNotExist) {
		t.Errorf("ReadAt from a lost source = %v, want its own error", err)
	}
	src.err.Store(nil)
	if n, err := tr.ReadAt(t.Context(), c.Node, make([]byte, 5), 0); n != 5 || err != nil {
		t.Errorf("ReadAt of a found source = %d, %v", n, err)
	}
}

func TestXattrs(t *testing.T) {
	tr, _ := open(t)
	names, err := tr.XattrNames(t.Context(), tree.Root)
	want := []string{"user.own", "user.pinfs.pin", "user.pinfs.name", "user.pinfs.revision", "user.pinfs.state"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("XattrNames(root) = %q, %v, want %q", names, err, want)
	}
	for name, want := range map[string]string{
		"user.own": "1", "user.pinfs.pin": "P", "user.pinfs.name": "N", "user.pinfs.revision": "2", "user.pinfs.state": "serving",
	} {
		if got, err := tr.Xattr(t.Context(), tree.Root, name); err != nil || string(got) != want {
			t.Errorf("Xattr(%s) = %q, %v, want %q", name, got, err, want)
		}
	}
	a := lookup(t, tr, tree.Root, "a").Node
	for _, at := range []struct {
		node tree.NodeID
		name string
	}{{tree.Root, "user.pinfs.source"}, {tree.Root, "user.none"}, {a, "user.pinfs.pin"}} {
		if _, err := tr.Xattr(t.Context(), at.node, at.name); !errors.Is(err, tree.ErrNoXattr) {
			t.Errorf("Xattr(%d, %s) = %v, want ErrNoXattr", at.node, at.name, err)
		}
	}
}
