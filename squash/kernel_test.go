package squash_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// realTree is the rich tree with some thousand ordinary files beside it. It is made once.
func realTree(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, dir)
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	if err := os.CopyFS(filepath.Join(dir, "net"), os.DirFS(filepath.Join(src, "net"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// compareWithKernel compares all that can be seen in image with what the kernel shows.
func compareWithKernel(t *testing.T, image string) {
	t.Helper()
	got := squashtest.SnapshotImage(t, squashtest.Open(t, image, squash.Config{}))
	want := squashtest.SnapshotDir(t, squashtest.Mount(t, image))
	squashtest.Compare(t, got, want)
}

func TestEqualsKernel(t *testing.T) {
	tree := realTree(t)
	for _, comp := range []string{"gzip", "xz", "zstd", "lz4", "lzo"} {
		t.Run(comp, func(t *testing.T) {
			args := []string{"-comp", comp}
			if comp == "zstd" {
				args = append(args, "-Xcompression-level", "3")
			}
			compareWithKernel(t, squashtest.Make(t, tree, args...))
		})
	}
}

func TestEqualsKernelForEachOption(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	for _, options := range []string{
		"-noI", "-noD", "-noF", "-noX", "-noId", "-noI -noD -noF -noX -noId",
		"-no-fragments", "-always-use-fragments", "-no-xattrs", "-no-exports", "-no-sparse", "-no-duplicates",
		"-b 4K", "-b 4K -no-fragments", "-b 1M", "-b 1M -always-use-fragments", "-no-tailends -b 64K", "-all-root", "-mkfs-time 0",
		"-comp lz4 -Xhc", "-comp xz -b 1M -Xdict-size 100%", "-comp gzip -Xcompression-level 1 -Xwindow-size 8",
	} {
		t.Run(options, func(t *testing.T) {
			args := strings.Fields(options)
			if !strings.Contains(options, "-comp") {
				args = append(args, "-comp", "lz4")
			}
			compareWithKernel(t, squashtest.Make(t, tree, args...))
		})
	}
}

// TestEqualsKernelForManyIDs needs more than one metadata block of ids.
func TestEqualsKernelForManyIDs(t *testing.T) {
	tree := t.TempDir()
	for i := range 3000 {
		name := filepath.Join(tree, fmt.Sprintf("%d", i))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(name, 100_000+i, 200_000+i); err != nil {
			t.Fatal(err)
		}
	}
	compareWithKernel(t, squashtest.Make(t, tree))
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
