package squash_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

const (
	aheadBlock  = 4 << 10
	aheadBlocks = 64 // of the file "large"
	aheadSmall  = 40 // files of one block each
)

// aheadImage returns an image of blocks that no compressor makes smaller, so that each stands in it
// as it is, and the content of its file "large".
func aheadImage(t *testing.T) (image, large []byte) {
	t.Helper()
	tree := t.TempDir()
	r := rand.NewChaCha8([32]byte{9})
	write := func(name string, n int) []byte {
		p := make([]byte, n)
		r.Read(p)
		if err := os.WriteFile(filepath.Join(tree, name), p, 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for i := range aheadSmall {
		write(smallName(i), aheadBlock)
	}
	write("empty", 0) // between the others
	large = write("large", aheadBlocks*aheadBlock)
	p, err := os.ReadFile(squashtest.Make(t, tree, "-b", "4K", "-comp", "lz4"))
	if err != nil {
		t.Fatal(err)
	}
	return p, large
}

func smallName(i int) string { return fmt.Sprintf("dir-%02d", i) }

// watched is an image whose source tells which blocks of file data were read.
type watched struct {
	*squash.Image
	src *squashtest.Source
	t   *testing.T

	mu   sync.Mutex // guards read and fail
	read map[int64]int
	fail func(off int64) error // of a read of a block, if it is not nil

	hang func(ctx context.Context, off int64) error // the same, set while nothing is read
}

// watch opens image.
func watch(t *testing.T, image []byte, cfg squash.Config) *watched {
	t.Helper()
	w := &watched{t: t, read: map[int64]int{}}
	w.src = squashtest.NewSource(bytes.NewReader(image), int64(len(image)))
	w.src.Before = func(ctx context.Context, n int, off int64) error {
		if n == aheadBlock && w.hang != nil {
			w.count(n, off)
			return w.hang(ctx, off)
		}
		if fail := w.count(n, off); fail != nil {
			return fail(off)
		}
		return nil
	}
	var err error
	if w.Image, err = squash.Open(t.Context(), w.src, cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// count takes in a read of the source and returns what may make it fail.
func (w *watched) count(n int, off int64) (fail func(off int64) error) {
	if n != aheadBlock {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read[off]++
	return w.fail
}

// blocks returns how many blocks were read, once all that was begun has ended. None may be read twice.
func (w *watched) blocks() int {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for off, n := range w.read {
		if n != 1 {
			w.t.Errorf("the block at byte %d was read %d times", off, n)
		}
	}
	return len(w.read)
}

// readBlock reads block index of a file.
func (w *watched) readBlock(name string, index int64) {
	w.t.Helper()
	ino := inodeAt(w.t, w.Image, name)
	p := make([]byte, aheadBlock)
	if n, err := w.ReadAt(w.t.Context(), ino, p, index*aheadBlock); n != aheadBlock || err != nil {
		w.t.Fatalf("ReadAt(%s, block %d) = %d, %v", name, index, n, err)
	}
}

func TestReadAheadInAFile(t *testing.T) {
	image, _ := aheadImage(t)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{ReadAhead: 8 * aheadBlock})
		for index, want := range []int{1, 2, 4, 6, 9, 14, 15, 16} { // twice as far with each read, then 8
			w.readBlock("large", int64(index))
			if got := w.blocks(); got != want {
				t.Errorf("after %d reads in order %d blocks were read, want %d", index+1, got, want)
			}
		}
		for index := int64(8); index < aheadBlocks; index++ {
			w.readBlock("large", index)
		}
		if got := w.blocks(); got != aheadBlocks {
			t.Errorf("%d blocks were read at the end, want all %d", got, aheadBlocks)
		}
	})
}

func TestReadAheadFromFileToFile(t *testing.T) {
	image, _ := aheadImage(t)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{ReadAhead: 8 * aheadBlock})
		for i := range aheadSmall {
			w.readBlock(smallName(i), 0)
			synctest.Wait() // a read goes unnoticed while another is being noted
		}
		if got, want := w.blocks(), aheadSmall+8; got != want {
			t.Errorf("behind the last small file %d blocks were read, want %d: the large file follows", got, want)
		}
	})
}

// TestRandomReadersPayForNothing reads blocks of one file and whole files in no order.
func TestRandomReadersPayForNothing(t *testing.T) {
	image, _ := aheadImage(t)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{})
		for i := range 30 {
			w.readBlock("large", int64(i*37%aheadBlocks))
			w.readBlock(smallName(i*17%aheadSmall), 0)
		}
		if got, want := w.blocks(), 60; got != want {
			t.Errorf("%d blocks were read for %d", got, want)
		}
	})
}

func TestNoReadAhead(t *testing.T) {
	image, _ := aheadImage(t)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{ReadAhead: -1})
		for index := range int64(20) {
			w.readBlock("large", index)
		}
		if got := w.blocks(); got != 20 {
			t.Errorf("%d blocks were read for 20", got)
		}
	})
}

// TestReadAheadOfManyReaders has more readers than are remembered take turns.
func TestReadAheadOfManyReaders(t *testing.T) {
	image, large := aheadImage(t)
	m := watch(t, image, squash.Config{CacheBytes: 600 << 10, Workers: 2})
	ino := inodeAt(t, m.Image, "large")
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			p := make([]byte, 1000+i*777)
			for off := i * 999; off < len(large); off += len(p) {
				n, err := m.ReadAt(t.Context(), ino, p, int64(off))
				if err != nil || !bytes.Equal(p[:n], large[off:min(off+len(p), len(large))]) {
					t.Errorf("ReadAt(%d bytes at %d) = %d, %v", len(p), off, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestReadAheadFailsAlone makes reading ahead fail: nobody hears of it, and what failed is read again
// by who wants it.
func TestReadAheadFailsAlone(t *testing.T) {
	image, large := aheadImage(t)
	start := int64(bytes.Index(image, large[:aheadBlock]))
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{ReadAhead: 4 * aheadBlock})
		w.fail = func(off int64) error {
			if off > start+4*aheadBlock {
				return errors.New("the wire broke")
			}
			return nil
		}
		for index := range int64(5) { // the last ones try to read ahead behind block 4
			w.readBlock("large", index)
			synctest.Wait()
		}
		w.mu.Lock()
		if len(w.read) <= 5 {
			t.Errorf("%d blocks were read, want some ahead", len(w.read))
		}
		w.fail = nil
		w.mu.Unlock()
		for index := range int64(aheadBlocks) {
			w.readBlock("large", index)
		}
	})
}
