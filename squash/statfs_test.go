package squash_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestStatfs compares with statfs(2) of the kernel's mount.
func TestStatfs(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	for _, args := range [][]string{{"-b", "4K"}, {"-b", "4K", "-comp", "lz4", "-noI"}, {"-b", "128K"}, {"-b", "1M"}} {
		image := squashtest.Make(t, tree, args...)
		var st unix.Statfs_t
		if err := unix.Statfs(squashtest.Mount(t, image), &st); err != nil {
			t.Fatal(err)
		}
		want := squash.Statfs{BlockSize: uint32(st.Bsize), Blocks: st.Blocks, Files: st.Files, NameLen: uint32(st.Namelen)}
		if got := squashtest.Open(t, image, squash.Config{}).Statfs(); got != want || st.Frsize != st.Bsize || st.Bfree+st.Bavail+st.Ffree != 0 {
			t.Errorf("%v: Statfs = %+v, want %+v as in %+v", args, got, want, st)
		}
	}
}
