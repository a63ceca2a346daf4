package tree

import (
	"context"
	"errors"
	iofs "io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// made makes a small tree.
func made(t *testing.T, s Shape) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := Make(t.Context(), dir, s); err != nil {
		t.Fatal(err)
	}
	return dir
}

func list(t *testing.T, dir string) []Entry {
	t.Helper()
	entries, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestMakeIsDeterministic(t *testing.T) {
	s := Shape{Packages: 3, Libraries: 4}
	if out, err := exec.Command("diff", "-r", made(t, s), made(t, s)).CombinedOutput(); err != nil {
		t.Errorf("two trees of one shape differ: %v %.300s", err, out)
	}
}

// TestShape counts what a part of the whole has, and so what the whole has.
func TestShape(t *testing.T) {
	const packages, libraries = 50, 8
	kinds, size := map[iofs.FileMode]int{}, int64(0)
	for _, e := range list(t, made(t, Shape{packages, libraries})) {
		kinds[e.Type]++
		size += e.Size
	}
	if dirs := packages*(groups+1) + 3; kinds[iofs.ModeDir] != dirs {
		t.Errorf("%d directories, want %d", kinds[iofs.ModeDir], dirs)
	}
	if files := packages*groups*headers + 4; kinds[0] != files || kinds[iofs.ModeSymlink] != packages+4 {
		t.Errorf("%d files and %d links, want %d and %d", kinds[0], kinds[iofs.ModeSymlink], files, packages+4)
	}
	header := float64(size-libraries<<20) / (packages * groups * headers)
	if header < 2500 || header > 3700 {
		t.Errorf("a header has %.0f bytes on average, want 3 KiB", header)
	}
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		by   float64
		want Shape
	}{{1, Whole}, {0.5, Shape{690, 90}}, {0.00001, Shape{1, 1}}} {
		if got := Whole.Scaled(c.by); got != c.want {
			t.Errorf("Scaled(%v) = %v, want %v", c.by, got, c.want)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	entries := list(t, made(t, Shape{1, 1}))
	name := filepath.Join(t.TempDir(), "list")
	if err := Save(name, entries); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(name); err != nil || !slices.Equal(got, entries) {
		t.Errorf("Load = %d entries, %v, want the %d that were saved", len(got), err, len(entries))
	}
	if got := Files(entries, 1<<20); len(got) != 1 || got[0].Path != "lib/lib00.so.1" {
		t.Errorf("Files of 1 MiB = %v, want the library", got)
	}
}

func TestMakeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Make(ctx, filepath.Join(t.TempDir(), "tree"), Whole); !errors.Is(err, context.Canceled) {
		t.Errorf("Make with a cancelled context: %v", err)
	}
}
