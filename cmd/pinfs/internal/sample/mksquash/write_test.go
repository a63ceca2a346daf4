package mksquash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func dir() *Node { return &Node{Mode: iofs.ModeDir | 0o750, Children: map[string]*Node{}} }

// unpack writes root's image and lets unsquashfs read it back.
func unpack(t interface{ Fatalf(string, ...any) }, base string, root *Node) (top string) {
	top = filepath.Join(base, "top")
	f, err := os.Create(filepath.Join(base, "image"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer f.Close()
	size, err := Write(context.Background(), f, root)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if fi, err := f.Stat(); err != nil || fi.Size() != size || size%padSize != 0 {
		t.Fatalf("Write = %d, the file is %v, %v", size, fi, err)
	}
	if out, err := exec.Command("unsquashfs", "-n", "-d", top, f.Name()).CombinedOutput(); err != nil {
		t.Fatalf("unsquashfs (Debian package squashfs-tools): %v: %s", err, out)
	}
	return top
}

// compare returns how what lies at path differs from n.
func compare(path string, n *Node) error {
	fi, err := os.Lstat(path)
	if err != nil || fi.Mode() != n.Mode || uint32(fi.ModTime().Unix()) != modTime {
		return fmt.Errorf("%s: %v, %w, want %s", path, fi, err, n.Mode)
	}
	switch n.Mode.Type() {
	case iofs.ModeSymlink:
		if got, err := os.Readlink(path); err != nil || got != n.Target {
			return fmt.Errorf("%s -> %s, %w, want %s", path, got, err, n.Target)
		}
	case iofs.ModeDir:
		return compareDir(path, n)
	default:
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, n.Data) {
			return fmt.Errorf("%s: %d bytes, %w, want %d others", path, len(got), err, len(n.Data))
		}
	}
	return nil
}

func compareDir(path string, n *Node) error {
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) != len(n.Children) {
		return fmt.Errorf("%s: %d entries, %w, want %d", path, len(entries), err, len(n.Children))
	}
	for name, child := range n.Children {
		if err := compare(filepath.Join(path, name), child); err != nil {
			return err
		}
	}
	return nil
}

// draw makes a random tree: sizes around those of blocks, holes, long and short names.
func draw(t *rapid.T, depth int) *Node {
	n := dir()
	for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
		name := fmt.Sprintf("%s%d", rapid.StringMatching(`[a-zA-Z_.ü]{0,30}`).Draw(t, "name"), i)
		n.Children[name] = drawEntry(t, depth, n)
	}
	return n
}

func drawEntry(t *rapid.T, depth int, parent *Node) *Node {
	switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case kind == 0:
		return &Node{Mode: iofs.ModeSymlink | 0o777, Target: rapid.StringMatching(`[a-z/]{1,200}`).Draw(t, "target")}
	case kind == 1 && depth > 0:
		return draw(t, depth-1)
	case kind == 2:
		for _, name := range parent.names() {
			if other := parent.Children[name]; other.Mode.IsRegular() {
				return other // a hard link
			}
		}
	}
	size := rapid.SampledFrom([]int{0, 1, 100, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize, 3*blockSize + 9}).Draw(t, "size")
	data := make([]byte, size)
	for off := 0; off < size; off += blockSize / 2 { // some halves of blocks stay empty
		fill := rapid.SampledFrom([]string{"", "", "\x01", "some text ", "\x00\xff"}).Draw(t, "fill")
		copy(data[off:], strings.Repeat(fill, min(size-off, blockSize/2)/max(len(fill), 1)))
	}
	return &Node{Mode: iofs.FileMode(rapid.IntRange(0o400, 0o777).Draw(t, "mode")), Data: data}
}

func TestWriteRandomTrees(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		root := draw(t, 3)
		defer os.RemoveAll(filepath.Join(base, "top"))
		if err := compare(unpack(t, base, root), root); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWriteLargeDirectory has many runs of entries and metadata blocks.
func TestWriteLargeDirectory(t *testing.T) {
	root := dir()
	for i := range 3000 {
		root.Children[fmt.Sprintf("entry-%04d", i)] = &Node{Mode: 0o644, Data: []byte{byte(i), byte(i >> 8)}}
	}
	if err := compare(unpack(t, t.TempDir(), root), root); err != nil {
		t.Error(err)
	}
}

func TestWriteRefuses(t *testing.T) {
	shared := dir()
	large := dir()
	for i := range 4000 {
		large.Children[fmt.Sprintf("entry-%010d", i)] = &Node{Mode: 0o644}
	}
	for reason, root := range map[string]*Node{
		"root":     {Mode: 0o644},
		"slash":    {Mode: iofs.ModeDir, Children: map[string]*Node{"a/b": {Mode: 0o644}}},
		`name ""`:  {Mode: iofs.ModeDir, Children: map[string]*Node{"": {Mode: 0o644}}},
		"1 to 256": {Mode: iofs.ModeDir, Children: map[string]*Node{strings.Repeat("x", 257): {Mode: 0o644}}},
		"two names": {Mode: iofs.ModeDir, Children: map[string]*Node{"a": shared,
			"b": shared}},
		"pipe: mode": {Mode: iofs.ModeDir, Children: map[string]*Node{"pipe": {Mode: iofs.ModeNamedPipe}}},
		"65532":      large,
	} {
		_, err := Write(context.Background(), discard{}, root)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("Write = %v, want ...%s", err, reason)
		}
	}
}

// discard is a file that nobody reads.
type discard struct{}

func (discard) Write(p []byte) (int, error)          { return len(p), nil }
func (discard) Seek(off int64, _ int) (int64, error) { return off, nil }

// full fails the n-th call.
type full struct{ n *int }

var errFull = errors.New("full")

func (f full) step() error {
	if *f.n--; *f.n == 0 {
		return errFull
	}
	return nil
}
func (f full) Write(p []byte) (int, error)          { return len(p), f.step() }
func (f full) Seek(off int64, _ int) (int64, error) { return off, f.step() }

var _ io.WriteSeeker = full{}

// TestWriteReportsErrors fails each call of the file in turn.
func TestWriteReportsErrors(t *testing.T) {
	for n := 1; ; n++ {
		left := n
		root := dir()
		root.Children["file"] = &Node{Mode: 0o644, Data: make([]byte, 10)}
		_, err := Write(context.Background(), full{&left}, root)
		if left > 0 {
			if err != nil || n != 6 {
				t.Errorf("Write with %d good calls: %v, want 5 calls", n-1, err)
			}
			return
		}
		if !errors.Is(err, errFull) {
			t.Errorf("Write with call %d failing: %v", n, err)
		}
	}
}
