package squash_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestDirectoryLoop makes a directory lie in itself. The kernel refuses to enter it, and so does FS;
// all else stays readable and a walk comes to an end.
func TestDirectoryLoop(t *testing.T) {
	tree := t.TempDir()
	for _, dir := range []string{"a/b/c/d", "z"} {
		if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := squashtest.Make(t, tree, "-noI", "-noD", "-noF", "-noX", "-noId")
	m := squashtest.Open(t, path, squash.Config{})
	top := inodeAt(t, m, "a")
	// The entry of d becomes one of a.
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entry := bytes.Index(image, append([]byte{1, 0, 0, 0}, 'd')) // kind, size of the name - 1, name
	le := binary.LittleEndian
	run := entry - 4 - 12 // the offset and number before it, and the head of the run
	le.PutUint32(image[run+4:], uint32(top.Ref>>16))
	le.PutUint32(image[run+8:], top.Number)
	le.PutUint16(image[run+12:], uint16(top.Ref))
	le.PutUint16(image[run+14:], 0)
	if err := os.WriteFile(path, image, 0o644); err != nil {
		t.Fatal(err)
	}

	m = squashtest.Open(t, path, squash.Config{})
	visited, loops := walkLoops(t, m)
	if want := []string{".", "a", "a/b", "a/b/c", "a/b/c/d", "z"}; !slices.Equal(visited, want) {
		t.Errorf("WalkDir came to %q, want %q", visited, want)
	}
	if len(loops) != 1 || !strings.Contains(loops[0].Error(), `entry "d" of inode`) {
		t.Errorf("WalkDir found %v, want one loop", loops)
	}
	if _, err := iofs.Stat(m.FS(t.Context()), "a/b/c/d/b"); !errors.Is(err, squash.ErrFormat) {
		t.Errorf("Stat through the loop = %v, want a FormatError", err)
	}
	if _, err := os.Stat(filepath.Join(squashtest.Mount(t, path), "a/b/c/d")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("the kernel says %v of the loop, want %v", err, syscall.ELOOP)
	}
}

// walkLoops goes on behind what it can not enter.
func walkLoops(t *testing.T, m *squash.Image) (visited []string, loops []error) {
	t.Helper()
	err := iofs.WalkDir(m.FS(t.Context()), ".", func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			if !errors.Is(err, squash.ErrFormat) {
				t.Errorf("%s: %v", path, err)
			}
			loops = append(loops, err)
			return nil
		}
		visited = append(visited, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return visited, loops
}

// TestListingAtOnceHasALimit gives a directory of a small image more names than FS takes into memory
// at once; in parts all of them can be had.
func TestListingAtOnceHasALimit(t *testing.T) {
	const runs = 4097 // of 256 entries: a little more than 1 Mi
	image := plainImage(t)
	a := dissect(t, image)
	m, err := open(t, image)
	if err != nil {
		t.Fatal(err)
	}
	marked := inodeAt(t, m, "marked")
	for _, f := range a.named("extended dir: size") {
		if int64(f.value(image)) == marked.Size {
			f.put(image, runs*(12+256*9)+3)
		}
	}
	for _, f := range a.named("extended dir: block") {
		f.put(image, uint64(len(image)-a.tables["directory"]))
	}
	for _, f := range a.named("extended dir: offset") {
		f.put(image, 0)
	}
	image = append(image, metaBlocks(longListing(runs))...)
	a.named("superblock: bytes used")[0].put(image, uint64(len(image)))
	if m, err = open(t, image); err != nil {
		t.Fatal(err)
	}
	if list, err := iofs.ReadDir(m.FS(t.Context()), "marked"); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("ReadDir = %d entries, %v, want fs.ErrInvalid", len(list), err)
	}
	f, err := m.FS(t.Context()).Open("marked")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for err == nil {
		var list []iofs.DirEntry
		list, err = f.(iofs.ReadDirFile).ReadDir(100_000)
		n += len(list)
	}
	if n != runs*256 || err != io.EOF {
		t.Errorf("in parts: %d entries, %v, want %d", n, err, runs*256)
	}
}

// longListing returns the listing of a directory with 256 entries a run, all with the same name.
func longListing(runs int) []byte {
	run := append([]byte{255, 0, 0, 0}, make([]byte, 8)...)
	for range 256 {
		run = append(run, 0, 0, 1, 0, 2, 0, 0, 0, 'x')
	}
	return bytes.Repeat(run, runs)
}

// metaBlocks divides p into metadata blocks that are stored as they are.
func metaBlocks(p []byte) (blocks []byte) {
	for chunk := range slices.Chunk(p, 8192) {
		blocks = binary.LittleEndian.AppendUint16(blocks, uint16(len(chunk))|0x8000)
		blocks = append(blocks, chunk...)
	}
	return blocks
}
