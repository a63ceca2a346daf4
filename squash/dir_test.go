package squash_test

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// largeDir returns an image of one directory with n files, whose names are so long that the listing
// takes many metadata blocks and thus has an index, and that directory.
func largeDir(t *testing.T, n int) (*squash.Image, *squash.Inode) {
	t.Helper()
	tree := t.TempDir()
	if err := os.Mkdir(filepath.Join(tree, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(tree, "dir", largeName(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m := squashtest.Open(t, squashtest.Make(t, tree, "-comp", "zstd", "-Xcompression-level", "1"), squash.Config{})
	return m, inodeAt(t, m, "dir")
}

func largeName(i int) string { return fmt.Sprintf("name-%05d-%0*d", i*2, i%40+1, 0) }

// inodeAt returns the inode of a name below the root.
func inodeAt(t testing.TB, m *squash.Image, name string) *squash.Inode {
	t.Helper()
	info, err := iofs.Stat(m.FS(t.Context()), name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*squash.Inode)
}

func list(t testing.TB, m *squash.Image, dir *squash.Inode) []squash.Entry {
	t.Helper()
	var all []squash.Entry
	err := m.ReadDir(t.Context(), dir, 0, func(e squash.Entry) bool {
		all = append(all, e)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLargeDirectory(t *testing.T) {
	const n = 20_000
	m, dir := largeDir(t, n)
	t.Run("ReadDir", func(t *testing.T) { testReadDir(t, m, dir, n) })
	t.Run("positions", func(t *testing.T) { testPositions(t, m, dir) })
	t.Run("Lookup", func(t *testing.T) { testLookup(t, m, dir, n) })
	t.Run("context", func(t *testing.T) { testReadDirContext(t, m, dir) })
}

func testReadDir(t *testing.T, m *squash.Image, dir *squash.Inode, n int) {
	all := list(t, m, dir)
	if len(all) != n {
		t.Fatalf("%d entries, want %d", len(all), n)
	}
	for i, e := range all {
		if e.Name != largeName(i) {
			t.Fatalf("entry %d is %q, want %q", i, e.Name, largeName(i))
		}
	}
	for i := 0; i < n; i += 37 {
		if got := nextAfter(t, m, dir, all[i].Next); i+1 < n && got != all[i+1] {
			t.Fatalf("behind entry %d comes %+v, want %+v", i, got, all[i+1])
		}
	}
	if got := nextAfter(t, m, dir, all[n-1].Next); got != (squash.Entry{}) {
		t.Errorf("behind the last entry comes %+v", got)
	}
}

func nextAfter(t *testing.T, m *squash.Image, dir *squash.Inode, pos squash.DirPos) (next squash.Entry) {
	t.Helper()
	err := m.ReadDir(t.Context(), dir, pos, func(e squash.Entry) bool {
		next = e
		return false
	})
	if err != nil {
		t.Fatalf("ReadDir(%#x): %v", uint64(pos), err)
	}
	return next
}

// testPositions tries positions that no entry has.
func testPositions(t *testing.T, m *squash.Image, dir *squash.Inode) {
	valid := map[squash.DirPos]bool{0: true}
	for _, e := range list(t, m, dir) {
		valid[e.Next] = true
	}
	for pos := squash.DirPos(1); pos < 1<<40; pos += pos/3 + 1 {
		if valid[pos] {
			continue
		}
		err := m.ReadDir(t.Context(), dir, pos, func(squash.Entry) bool { return true })
		if !errors.Is(err, iofs.ErrInvalid) {
			t.Fatalf("ReadDir(%#x) = %v, want fs.ErrInvalid", uint64(pos), err)
		}
	}
}

func testLookup(t *testing.T, m *squash.Image, dir *squash.Inode, n int) {
	for i := 0; i < n; i += 7 {
		e, err := m.Lookup(t.Context(), dir, largeName(i))
		if err != nil || e.Name != largeName(i) {
			t.Fatalf("Lookup(%q) = %+v, %v", largeName(i), e, err)
		}
		missing := fmt.Sprintf("name-%05d", i*2+1)
		if _, err := m.Lookup(t.Context(), dir, missing); err != iofs.ErrNotExist {
			t.Fatalf("Lookup(%q) = %v, want %v", missing, err, iofs.ErrNotExist)
		}
	}
	for _, missing := range []string{"", ".", "..", "a", "zzz", "name-00000", "name-39998-0/", "\x00"} {
		if _, err := m.Lookup(t.Context(), dir, missing); err != iofs.ErrNotExist {
			t.Errorf("Lookup(%q) = %v, want %v", missing, err, iofs.ErrNotExist)
		}
	}
}

func TestParentRef(t *testing.T) {
	tree := t.TempDir()
	if err := os.MkdirAll(filepath.Join(tree, "a/b/c"), 0o755); err != nil {
		t.Fatal(err)
	}
	m := squashtest.Open(t, squashtest.Make(t, tree), squash.Config{})
	for dir, parent := range map[string]string{"a/b/c": "a/b", "a/b": "a", "a": ".", ".": "."} {
		got, err := m.ParentRef(t.Context(), inodeAt(t, m, dir))
		if want := inodeAt(t, m, parent).Ref; err != nil || got != want {
			t.Errorf("ParentRef(%s) = %#x, %v, want %#x", dir, got, err, want)
		}
	}
	m = squashtest.Open(t, squashtest.Make(t, tree, "-no-exports"), squash.Config{})
	if _, err := m.ParentRef(t.Context(), inodeAt(t, m, "a")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("ParentRef without an export table: %v, want errors.ErrUnsupported", err)
	}
}

func testReadDirContext(t *testing.T, m *squash.Image, dir *squash.Inode) {
	ctx, cancel := context.WithCancel(t.Context())
	err := m.ReadDir(ctx, dir, 0, func(squash.Entry) bool {
		cancel()
		return true
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ReadDir after cancellation = %v", err)
	}
}
