package squash_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// writeFile makes a file with islands of content at offsets and holes between them.
func writeFile(t *testing.T, name string, size int64, islands map[int64][]byte) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for off, content := range islands {
		if _, err := f.WriteAt(content, off); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSparseFileOverFourGiB(t *testing.T) {
	const size = 4<<30 + 12345
	islands := map[int64][]byte{0: []byte("first"), 1<<32 - 3: []byte("across"), size - 4: []byte("last")}
	tree := t.TempDir()
	writeFile(t, filepath.Join(tree, "file"), size, islands)
	m := squashtest.Open(t, squashtest.Make(t, tree, "-comp", "lz4", "-b", "1M"), squash.Config{})
	ino := inodeAt(t, m, "file")
	if ino.Size != size {
		t.Fatalf("size %d, want %d", ino.Size, int64(size))
	}
	for off, want := range islands {
		got := make([]byte, len(want))
		if n, err := m.ReadAt(t.Context(), ino, got, off); n != len(want) || err != nil || !bytes.Equal(got, want) {
			t.Errorf("ReadAt(%d) = %d, %v, %q, want %q", off, n, err, got, want)
		}
	}
	hole := bytes.Repeat([]byte{1}, 3<<20)
	if n, err := m.ReadAt(t.Context(), ino, hole, 2<<30+1); n != len(hole) || err != nil || len(bytes.Trim(hole, "\x00")) != 0 {
		t.Errorf("the hole reads as %d bytes, %v", n, err)
	}
}

// TestBlockListOfLargeFile reads a file with so many blocks that their list has marks, in order and
// at random, and from several readers of one Image.
func TestBlockListOfLargeFile(t *testing.T) {
	want := make([]byte, 40<<20+1234)
	for off := 0; off+8 <= len(want); off += 512 {
		binary.BigEndian.PutUint64(want[off:], uint64(off)*0x9e3779b97f4a7c15)
	}
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "file"), want, 0o644); err != nil {
		t.Fatal(err)
	}
	image := squashtest.Make(t, tree, "-comp", "lz4", "-b", "4K")
	for range 3 {
		m := squashtest.Open(t, image, squash.Config{})
		ino := inodeAt(t, m, "file")
		r := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			off, n := r.IntN(len(want)+5000), r.IntN(50_000)
			checkRead(t, m, ino, want, off, n)
		}
	}
	m := squashtest.Open(t, image, squash.Config{CacheBytes: 1 << 20})
	ino := inodeAt(t, m, "file")
	for off := 0; off < len(want); off += 1 << 20 {
		checkRead(t, m, ino, want, off, 1<<20)
	}
}

func checkRead(t *testing.T, m *squash.Image, ino *squash.Inode, want []byte, off, n int) {
	t.Helper()
	want = want[min(off, len(want)):]
	want = want[:min(n, len(want))]
	p := make([]byte, n)
	if k, err := m.ReadAt(t.Context(), ino, p, int64(off)); k != len(want) || err != nil || !bytes.Equal(p[:k], want) {
		t.Fatalf("ReadAt(%d bytes at %d) = %d, %v, want the right %d", n, off, k, err, len(want))
	}
}

func TestReadAtBounds(t *testing.T) {
	tree := t.TempDir()
	content := bytes.Repeat([]byte("0123456789"), 1000)
	if err := os.WriteFile(filepath.Join(tree, "file"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	m := squashtest.Open(t, squashtest.Make(t, tree, "-b", "4K"), squash.Config{})
	ino := inodeAt(t, m, "file")
	for _, c := range []struct{ off, n int }{{0, 0}, {0, 10000}, {0, 10001}, {9999, 1}, {9999, 2}, {10000, 1}, {20000, 1}, {4095, 2}, {8191, 5000}} {
		checkRead(t, m, ino, content, c.off, c.n)
	}
	if _, err := m.ReadAt(t.Context(), ino, make([]byte, 1), -1); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("ReadAt(-1) = %v", err)
	}
	if _, err := m.ReadAt(t.Context(), inodeAt(t, m, "."), make([]byte, 1), 0); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("ReadAt of a directory = %v", err)
	}
}

// TestSourceErrorsPassThrough makes each read fail once: the error comes out as it is, is not blamed
// on the image and is not remembered.
func TestSourceErrorsPassThrough(t *testing.T) {
	tree := t.TempDir()
	for i := range 8 {
		name := filepath.Join(tree, fmt.Sprintf("file-%d", i))
		if err := os.WriteFile(name, bytes.Repeat([]byte{byte(i)}, 25_000*i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src := squashtest.OpenSource(t, squashtest.Make(t, tree, "-b", "4K"))
	broken := errors.New("the wire broke")
	var left int
	src.Before = failAfter(&left, broken)
	for fail := 0; ; fail++ {
		left = fail
		err := readAllFiles(t, src)
		if err == nil {
			if fail < 10 {
				t.Errorf("only %d reads", fail)
			}
			return
		}
		if !errors.Is(err, broken) || errors.Is(err, squash.ErrFormat) {
			t.Fatalf("read %d fails: %v", fail, err)
		}
	}
}

// readAllFiles opens src and reads each file; an error must be gone when it is tried again.
func readAllFiles(t *testing.T, src squash.Source) (failure error) {
	t.Helper()
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 64 << 10, Workers: 1})
	if err != nil {
		return err
	}
	err = iofs.WalkDir(m.FS(t.Context()), ".", func(path string, d iofs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = iofs.ReadFile(m.FS(t.Context()), path)
		}
		if err != nil && failure == nil {
			failure = err
			_, err = iofs.ReadFile(m.FS(t.Context()), "file-7")
		}
		return err
	})
	if err != nil {
		t.Fatalf("after the error had gone: %v", err)
	}
	return failure
}

func TestXattrs(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	m := squashtest.Open(t, squashtest.Make(t, tree), squash.Config{})
	list, err := m.Xattrs(t.Context(), inodeAt(t, m, "xattrs/large"))
	if err != nil || len(list) != 2 {
		t.Fatalf("Xattrs = %q, %v", list, err)
	}
	if list[0].Name != "user.bytes" || string(list[0].Value) != "\x00\xff\x00" {
		t.Errorf("first attribute %q", list[0])
	}
	if none, err := m.Xattrs(t.Context(), inodeAt(t, m, "sizes")); len(none) != 0 || err != nil {
		t.Errorf("Xattrs of a directory without = %q, %v", none, err)
	}
}
