package squash_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// numberedImage returns an image of so many files of some blocks each that no compressor makes smaller,
// and so many empty ones; its names are numbers, the empty ones last.
func numberedImage(t *testing.T, files, blocks, empty int, args ...string) []byte {
	t.Helper()
	tree := t.TempDir()
	r := rand.NewChaCha8([32]byte{11})
	for i := range files + empty {
		var p []byte
		if i < files {
			p = make([]byte, blocks*aheadBlock)
			r.Read(p)
		}
		if err := os.WriteFile(filepath.Join(tree, strconv.Itoa(100_000+i)), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	image, err := os.ReadFile(squashtest.Make(t, tree, append(args, "-b", "4K", "-comp", "lz4")...))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func numbered(i int) string { return strconv.Itoa(100_000 + i) }

// TestMetadataDoNotWaitForData has the data of many readers not arrive: names and inodes are still
// looked up.
func TestMetadataDoNotWaitForData(t *testing.T) {
	const blocks = 400
	image := numberedImage(t, 1, blocks, 0)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{CacheBytes: 2 << 20})
		ino := inodeAt(t, w.Image, numbered(0))
		arrive := make(chan struct{})
		w.fail = func(int64) error {
			<-arrive
			return nil
		}
		var wg sync.WaitGroup
		for i := range int64(blocks) {
			wg.Go(func() {
				if _, err := w.ReadAt(t.Context(), ino, make([]byte, aheadBlock), i*aheadBlock); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if got, err := w.RefByNumber(t.Context(), ino.Number); got != ino.Ref || err != nil {
			t.Errorf("RefByNumber(%d) = %v, %v, want %v", ino.Number, got, err, ino.Ref)
		}
		close(arrive)
		wg.Wait()
	})
}

// TestStreamsDoNotEvictEachOther has as many readers as are remembered go through a file each, in turns,
// with memory for far less than each of them would be ahead alone.
func TestStreamsDoNotEvictEachOther(t *testing.T) {
	const files, blocks = 16, 40
	image := numberedImage(t, files, blocks, 0)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{CacheBytes: 2 << 20})
		for index := range int64(blocks - 10) { // the next file is another's
			for i := range files {
				w.readBlock(numbered(i), index)
				synctest.Wait()
			}
		}
		if got := w.blocks(); got <= files*(blocks-10) {
			t.Errorf("%d blocks were read for %d, want some ahead and none twice", got, files*(blocks-10))
		}
	})
}

// TestReadAheadEndsWithItsStream has newer readers take the place of one for which two blocks are being
// read ahead and more wait for room: those are not read any more.
func TestReadAheadEndsWithItsStream(t *testing.T) {
	const streams = 16
	image := numberedImage(t, 1+streams, 8, 0)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{Workers: 1})
		arrive := make(chan struct{})
		var reads atomic.Int32
		w.fail = func(int64) error {
			if n := reads.Add(1); n == 2 || n == 3 {
				<-arrive
			}
			return nil
		}
		first := inodeAt(t, w.Image, numbered(0))
		for off := int64(0); off < aheadBlock; off += aheadBlock / 4 {
			if _, err := w.ReadAt(t.Context(), first, make([]byte, aheadBlock/4), off); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for i := range streams {
			w.readBlock(numbered(1+i), 0)
		}
		close(arrive)
		if got, want := w.blocks(), 1+2+streams; got != want {
			t.Errorf("%d blocks were read, want %d", got, want)
		}
	})
}

// TestReadAheadLooksOnlySoFar has many empty files follow those that are read in order.
func TestReadAheadLooksOnlySoFar(t *testing.T) {
	image := numberedImage(t, 4, 1, 20_000, "-noI")
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, image, squash.Config{CacheBytes: 1 << 20})
		before := w.src.Reads()
		for i := range 4 {
			w.readBlock(numbered(i), 0)
			synctest.Wait()
		}
		if got := w.src.Reads() - before; got > 20 {
			t.Errorf("reading four blocks took %d reads of the source", got)
		}
	})
}
