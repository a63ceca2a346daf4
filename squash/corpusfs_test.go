package squash_test

import (
	"crypto/sha256"
	"fmt"
	iofs "io/fs"
	"testing"
	"testing/fstest"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// compareFS compares the io/fs view with what was seen in the same image, and runs the standard
// library's suite on the part below d0, if there is one: it can not handle odd names and links.
func compareFS(t *testing.T, fsys iofs.FS, want squashtest.Snapshot) {
	t.Helper()
	seen := 0
	err := iofs.WalkDir(fsys, ".", func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		seen++
		info, err := d.Info()
		if err != nil {
			return err
		}
		w := want[path]
		if info.Size() != w.Size || info.ModTime().UnixNano() != w.ModTime || info.Sys().(*squash.Inode).Mode != w.Mode {
			t.Errorf("%q is %v, want %+v", path, info, w)
		}
		return compareContent(fsys, path, info.Mode(), w)
	})
	if err != nil || seen != len(want) {
		t.Errorf("WalkDir saw %d names, %v, want %d", seen, err, len(want))
	}
	if _, ok := want["d0/f0"]; ok {
		if err := fstest.TestFS(fsys, "d0/f0", "empty"); err != nil {
			t.Error(err)
		}
	}
}

// compareContent compares what is in a file and where a link leads.
func compareContent(fsys iofs.FS, path string, mode iofs.FileMode, want squashtest.Node) error {
	switch {
	case mode.IsRegular():
		p, err := iofs.ReadFile(fsys, path)
		if err == nil && sha256.Sum256(p) != want.Content {
			err = fmt.Errorf("ReadFile(%q) has another content", path)
		}
		return err
	case mode&iofs.ModeSymlink != 0:
		target, err := iofs.ReadLink(fsys, path)
		if err == nil && target != want.Target {
			err = fmt.Errorf("ReadLink(%q) = %q, want %q", path, target, want.Target)
		}
		return err
	}
	return nil
}
