package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestFind(t *testing.T) {
	top := t.TempDir()
	store := filepath.Join(top, "store")
	if err := os.MkdirAll(filepath.Join(store, marker), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store, "plain"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, name string }{
		{store, ""}, {store + "/", ""}, {store + "/PE", "PE"}, {store + "/PE/x.squashfs", "PE/x.squashfs"},
		{store + "//a/../b", "b"}, {store + "/plain/below", "plain/below"},
	} {
		dir, name, err := Find(c.path)
		if err != nil || dir != store || name != c.name {
			t.Errorf("Find(%s) = %q, %q, %v, want %q, %q", c.path, dir, name, err, store, c.name)
		}
	}
}

func TestFindNone(t *testing.T) {
	top := t.TempDir()
	_, _, err := Find(top + "/images/NAME")
	want := "no store at or above " + top + "/images; to start one separate it with a double slash: file://" + top + "/images//NAME"
	if !errors.Is(err, fetch.ErrNotFound) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Find = %v, want ErrNotFound and %q", err, want)
	}
	if _, _, err := Find("relative/NAME"); err == nil || errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("Find of a relative path = %v, want an error without verdict", err)
	}
}
