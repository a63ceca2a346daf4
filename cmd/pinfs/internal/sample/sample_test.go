package sample

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// images makes the sample and the other image in a directory of the test.
func images(t *testing.T) (tree Tree, path, other string) {
	t.Helper()
	path, other = filepath.Join(t.TempDir(), "sample"), filepath.Join(t.TempDir(), "other")
	tree, err := Build(context.Background(), path)
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	if err := Other(context.Background(), other, path); err != nil {
		t.Fatalf("Other: %v", err)
	}
	return tree, path, other
}

// run runs a tool and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// kernelMount mounts an image through the kernel's squashfs until the end of the test.
func kernelMount(t *testing.T, path string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	run(t, "mount", "-t", "squashfs", "-o", "loop,ro", path, dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	return dir
}

func TestSample(t *testing.T) {
	tree, path, other := images(t)
	t.Run("is as large as a demo needs", func(t *testing.T) { checkExtent(t, tree) })
	t.Run("is xz", func(t *testing.T) { checkXZ(t, path) })
	t.Run("kernel", func(t *testing.T) { checkKernel(t, tree, path) })
	t.Run("unsquashfs", func(t *testing.T) { checkUnsquashfs(t, tree, path) })
	t.Run("other", func(t *testing.T) { checkOther(t, path, other) })
	t.Run("again", func(t *testing.T) { checkAgain(t, path) })
}

// checkExtent wants thousands of files, empty and large ones, links of both kinds.
func checkExtent(t *testing.T, tree Tree) {
	var size, largest int64
	kinds := map[iofs.FileMode]int{}
	hard, empty := 0, 0
	for _, e := range tree {
		kinds[e.Mode.Type()]++
		size, largest = size+e.Size, max(largest, e.Size)
		if e.Links > 1 {
			hard++
		}
		if e.Mode.IsRegular() && e.Size == 0 {
			empty++
		}
	}
	if kinds[0] < 2500 || kinds[iofs.ModeDir] < 100 || kinds[iofs.ModeSymlink] < 50 || hard < 50 || empty < 2 {
		t.Errorf("%d files (%d hard links, %d empty), %d directories, %d symlinks: too few",
			kinds[0], hard, empty, kinds[iofs.ModeDir], kinds[iofs.ModeSymlink])
	}
	if size < 30<<20 || largest < 8<<20 {
		t.Errorf("%d bytes, the largest file %d: too small", size, largest)
	}
}

// checkXZ wants an image that says xz and is much smaller than its files where they compress.
func checkXZ(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const xz, compressorOff = 4, 20
	if got := binary.LittleEndian.Uint16(b[compressorOff:]); got != xz {
		t.Errorf("compressor %d, want %d", got, xz)
	}
	if n := bytes.Count(b, []byte("\xfd7zXZ\x00\x00\x01")); n < 100 {
		t.Errorf("%d xz streams with CRC32, want hundreds", n)
	}
	if len(b) > 20<<20 || len(b)%4096 != 0 {
		t.Errorf("image of %d bytes, want at most 20 MiB and a multiple of 4 KiB", len(b))
	}
}

func checkKernel(t *testing.T, tree Tree, path string) {
	if err := tree.Check(context.Background(), kernelMount(t, path)); err != nil {
		t.Errorf("kernel's view: %v", err)
	}
}

func checkUnsquashfs(t *testing.T, tree Tree, path string) {
	if n := strings.Count(run(t, "unsquashfs", "-lls", path), "\n"); n != len(tree) {
		t.Errorf("unsquashfs -lls prints %d lines, want %d", n, len(tree))
	}
	dir := filepath.Join(t.TempDir(), "out")
	run(t, "unsquashfs", "-n", "-d", dir, path)
	if err := tree.Check(context.Background(), dir); err != nil {
		t.Errorf("unsquashfs: %v", err)
	}
}

// checkOther wants a valid image of the same size that shares no leaf with the first.
func checkOther(t *testing.T, path, other string) {
	a, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != len(b) {
		t.Fatalf("other image has %d bytes, want %d", len(b), len(a))
	}
	const leaf = 128 << 10
	for off := 0; off < len(a); off += leaf {
		end := min(off+leaf, len(a))
		if bytes.Equal(a[off:end], b[off:end]) {
			t.Errorf("leaf at %d is the same in both", off)
		}
	}
	dir := kernelMount(t, other)
	if n := strings.Count(run(t, "find", dir), "\n"); n < 1000 {
		t.Errorf("the other image has %d entries, want thousands", n)
	}
	run(t, "sh", "-c", `find "$1" -type f -exec cat {} + > /dev/null`, "sh", dir)
}

// checkAgain wants the same bytes from a second build.
func checkAgain(t *testing.T, path string) {
	second := filepath.Join(t.TempDir(), "again")
	if _, err := Build(context.Background(), second); err != nil {
		t.Fatal(err)
	}
	run(t, "cmp", path, second)
}

func TestBuildFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "x")
	if _, err := Build(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("Build with a cancelled context: %v", err)
	}
	if err := os.WriteFile(path, []byte("small"), 0o600); err != nil {
		t.Fatal(err) // also when Build left its file
	}
	if _, err := Build(context.Background(), path); !errors.Is(err, iofs.ErrExist) {
		t.Errorf("Build over a file: %v, want %v", err, iofs.ErrExist)
	}
	if err := Other(context.Background(), path+"2", path); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("Other for a small file: %v", err)
	}
	if err := Other(context.Background(), path+"2", path+"3"); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("Other like nothing: %v", err)
	}
	if names, err := filepath.Glob(path + "*"); err != nil || len(names) != 1 {
		t.Errorf("left behind: %q, %v", names, err)
	}
}
