package fs_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestHoles has copies of a sparse file made through the mount be as sparse.
func TestHoles(t *testing.T) {
	const block = 128 << 10
	tree := t.TempDir()
	f, err := os.Create(filepath.Join(tree, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("island"), 100*block); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(200 * block); err != nil {
		t.Fatal(err)
	}
	dir, _ := mount(t, job{Image: squashtest.Make(t, tree)})
	sparse := filepath.Join(dir, "sparse")
	for _, tt := range []struct {
		off    int64
		whence int
		want   int64 // -1 for ENXIO
	}{
		{0, unix.SEEK_HOLE, 0}, {0, unix.SEEK_DATA, 100 * block}, {100*block + 5, unix.SEEK_DATA, 100*block + 5},
		{100 * block, unix.SEEK_HOLE, 101 * block}, {101 * block, unix.SEEK_DATA, -1}, {200 * block, unix.SEEK_HOLE, -1},
		{-7, unix.SEEK_END, 200*block - 7}, {7, unix.SEEK_SET, 7},
	} {
		if got := squashtest.Seek(t, sparse, tt.off, tt.whence); got != tt.want {
			t.Errorf("lseek(%d, %d) = %d, want %d", tt.off, tt.whence, got, tt.want)
		}
	}
	copied := filepath.Join(t.TempDir(), "copy")
	command(t, "cp", "--sparse=auto", sparse, copied)
	command(t, "cmp", sparse, copied)
	var st unix.Stat_t
	if err := unix.Stat(copied, &st); err != nil || st.Blocks*512 > 2*block {
		t.Errorf("the copy takes %d bytes, %v, want a block at most", st.Blocks*512, err)
	}
}
