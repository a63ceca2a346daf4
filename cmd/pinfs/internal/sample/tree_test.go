package sample

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// grown is a small tree, and the same as files in a directory.
func grown(t *testing.T) (Tree, string) {
	t.Helper()
	root := dir()
	put(root, "d/file", file([]byte("content")))
	put(root, "d/link", link("file"))
	top := filepath.Join(t.TempDir(), "top")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(top, "d"), 0o755),
		os.WriteFile(filepath.Join(top, "d/file"), []byte("content"), 0o644),
		os.Symlink("file", filepath.Join(top, "d/link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return treeOf(root), top
}

// TestCheckFinds spoils one thing at a time.
func TestCheckFinds(t *testing.T) {
	tree, top := grown(t)
	if err := tree.Check(context.Background(), top); err != nil {
		t.Fatalf("Check of an untouched tree: %v", err)
	}
	for _, c := range []struct {
		reason string
		spoil  func(dir string) error
	}{
		{"sha256", func(d string) error { return os.WriteFile(d+"/file", []byte("c0ntent"), 0o644) }},
		{"6 bytes", func(d string) error { return os.Truncate(d+"/file", 6) }},
		{"mode", func(d string) error { return os.Chmod(d+"/file", 0o755) }},
		{"no such file", func(d string) error { return os.Remove(d + "/file") }},
		{"2 links", func(d string) error { return os.Link(d+"/file", d+"/more") }},
		{"not in the image", func(d string) error { return os.WriteFile(d+"/more", nil, 0o644) }},
		{"mode", func(d string) error { return errors.Join(os.Remove(d+"/link"), os.Mkdir(d+"/link", 0o755)) }},
		{"link to", func(d string) error { return errors.Join(os.Remove(d+"/link"), os.Symlink("x", d+"/link")) }},
	} {
		tree, top := grown(t)
		if err := c.spoil(filepath.Join(top, "d")); err != nil {
			t.Fatal(err)
		}
		err := tree.Check(context.Background(), top)
		if err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("Check = %v, want ...%s", err, c.reason)
		}
	}
}

func TestCheckStops(t *testing.T) {
	tree, top := grown(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := tree.Check(ctx, top); !errors.Is(err, context.Canceled) {
		t.Errorf("Check with a cancelled context: %v", err)
	}
	if err := tree.Check(context.Background(), top+"/none"); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("Check of nothing: %v", err)
	}
}
