package squash_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// manyIndexes returns an image in whose inode table a file is followed by directories with the longest
// indexes that can be, and where in it another file is hidden, in the first name of the first index.
func manyIndexes(t *testing.T) (image []byte, hidden squash.Ref) {
	t.Helper()
	const blockSize = 8 << 10
	le := binary.LittleEndian
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "a"), bytes.Repeat([]byte("abc"), 10), 0o644); err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(squashtest.Make(t, tree, "-comp", "gzip", "-noI", "-noD", "-noF", "-no-fragments", "-no-exports", "-no-xattrs", "-noId", "-nopad"))
	if err != nil {
		t.Fatal(err)
	}
	ids, inodes, dirs := le.Uint64(plain[48:]), le.Uint64(plain[64:]), le.Uint64(plain[72:])
	file := bytes.Clone(plain[inodes+2:][:36])
	table := bytes.Clone(file)
	for i := range 200 {
		dir := make([]byte, 40)
		le.PutUint16(dir, 8) // extended directory
		le.PutUint32(dir[12:], uint32(10+i))
		le.PutUint16(dir[32:], 0xffff)
		le.PutUint32(dir[36:], ^uint32(0))
		index := make([]byte, 0xffff*13)
		if i == 0 {
			first := make([]byte, 12+100)
			le.PutUint32(first[8:], 99)
			copy(first[12:], file)
			hidden = squash.Ref(len(table) + len(dir) + 12)
			index = append(first, index[13:]...)
		}
		table = append(append(table, dir...), index...)
	}
	table = append(table, make([]byte, blockSize-len(table)%blockSize)...)
	rootBlock := len(table) / blockSize
	table = append(table, plain[inodes+2+36:dirs]...) // the root directory
	var packed []byte
	for i := 0; i*blockSize < len(table); i++ {
		if i == rootBlock {
			le.PutUint64(plain[32:], uint64(len(packed))<<16)
		}
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		if _, err := w.Write(table[i*blockSize : min(len(table), (i+1)*blockSize)]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		packed = append(le.AppendUint16(packed, uint16(z.Len())), z.Bytes()...)
	}
	shift := inodes + uint64(len(packed)) - dirs
	le.PutUint64(plain[ids:], le.Uint64(plain[ids:])+shift)
	for _, at := range []int{40, 48, 72} { // bytes used, ids, directories
		le.PutUint64(plain[at:], le.Uint64(plain[at:])+shift)
	}
	return append(append(plain[:inodes:inodes], packed...), plain[dirs:]...), hidden
}

// TestLongIndexesAreNotPassed reads a file and what is hidden in a long index behind it: nobody walks
// through the indexes to see whether the one follows the other.
func TestLongIndexesAreNotPassed(t *testing.T) {
	image, hidden := manyIndexes(t)
	src := squashtest.NewSource(bytes.NewReader(image), int64(len(image)))
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	before := src.Reads()
	for range 4 {
		for _, ref := range []squash.Ref{0, hidden} {
			ino, err := m.Inode(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := m.ReadAt(t.Context(), ino, make([]byte, 30), 0); n != 30 || err != nil {
				t.Fatalf("ReadAt = %d, %v", n, err)
			}
		}
	}
	if n := src.Reads() - before; n > 30 {
		t.Errorf("eight reads of small files took %d reads of the source", n)
	}
}

// TestHungReadAheadEnds has the source hang where nobody waits: that ends by itself, and then what
// follows is read ahead again.
func TestHungReadAheadEnds(t *testing.T) {
	image, large := aheadImage(t)
	start := int64(bytes.Index(image, large[:aheadBlock]))
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{ReadAhead: 8 * aheadBlock})
		w.hang = func(ctx context.Context, off int64) error {
			if off > start+8*aheadBlock {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		for index := range int64(9) {
			w.readBlock("large", index)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		w.hang = nil
		for i := range 20 {
			w.readBlock(smallName(i), 0)
			synctest.Wait()
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := len(w.read); n < 9+20+8 {
			t.Errorf("%d blocks were read, want some ahead of the small files", n)
		}
	})
}

// TestOpenIsCancelled ends the context at any moment of opening; what still runs then must not meet
// what is being put away.
func TestOpenIsCancelled(t *testing.T) {
	image := smallImage(t)
	for i := range 2000 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%60)*time.Microsecond)
		_, err := squash.Open(ctx, squashtest.NewSource(bytes.NewReader(image), int64(len(image))), squash.Config{})
		if cancel(); err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
	}
}
