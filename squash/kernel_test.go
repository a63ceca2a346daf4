package squash_test

import (
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// realTree is the rich tree with some thousand ordinary files beside it.
func realTree(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, dir)
	squashtest.Trees["real"](t, filepath.Join(dir, "real"))
	return dir
}

// compareWithKernel compares all that can be seen in image with what the kernel shows.
func compareWithKernel(t *testing.T, image string) squashtest.Snapshot {
	t.Helper()
	got := squashtest.SnapshotImage(t, squashtest.Open(t, image, squash.Config{}))
	squashtest.Compare(t, got, squashtest.SnapshotDir(t, squashtest.Mount(t, image)))
	return got
}

func TestSuperblock(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	image := squashtest.Make(t, tree, "-b", "64K", "-comp", "zstd", "-mkfs-time", "1700000000")
	src := squashtest.OpenSource(t, image)
	m, err := squash.Open(t.Context(), src, squash.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := src.Reads(); got != 2 {
		t.Errorf("Open took %d reads, want 2", got)
	}
	sb := m.Superblock()
	if sb.BlockSize != 64<<10 || sb.Compressor != squash.Zstd || sb.ModTime.Unix() != 1700000000 || !sb.HasXattrs() || !sb.HasExports() {
		t.Errorf("Superblock() = %+v", sb)
	}
	if n := len(squashtest.SnapshotImage(t, m)); n < 800 || int(sb.Inodes) > n {
		t.Errorf("%d inodes for %d names", sb.Inodes, n)
	}
}
