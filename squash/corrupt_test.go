package squash_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// explore reads everything it can reach in an image that may be broken, within limits, and returns
// the first error that a broken image must not cause.
func explore(ctx context.Context, image []byte) error {
	src := squashtest.NewSource(bytes.NewReader(image), int64(len(image)))
	m, err := squash.Open(ctx, src, squash.Config{CacheBytes: 1 << 20, Workers: 1})
	if err != nil {
		return blameless(err)
	}
	todo := []squash.Ref{m.RootRef()}
	for seen := 0; len(todo) > 0 && seen < 200; seen++ {
		ref := todo[0]
		todo = todo[1:]
		ino, err := m.Inode(ctx, ref)
		if err != nil {
			if err := blameless(err); err != nil {
				return err
			}
			continue
		}
		found, err := exploreInode(ctx, m, ino)
		if err != nil {
			return err
		}
		todo = append(todo, found...)
	}
	return nil
}

func exploreInode(ctx context.Context, m *squash.Image, ino *squash.Inode) (found []squash.Ref, err error) {
	_, err = m.Xattrs(ctx, ino)
	errs := []error{blameless(err)}
	switch ino.Type() {
	case squash.ModeDir:
		err = m.ReadDir(ctx, ino, 0, func(e squash.Entry) bool {
			found = append(found, e.Ref)
			return len(found) < 1000
		})
		errs = append(errs, blameless(err))
		_, err = m.Lookup(ctx, ino, "hello")
		errs = append(errs, blameless(err))
		_, err = m.ParentRef(ctx, ino)
	case squash.ModeSymlink:
		_, err = m.Readlink(ctx, ino)
	case squash.ModeRegular:
		_, err = m.ReadAt(ctx, ino, make([]byte, 64<<10), 0)
		errs = append(errs, blameless(err))
		_, err = m.ReadAt(ctx, ino, make([]byte, 10_000), max(ino.Size-5000, 0))
	}
	return found, errors.Join(append(errs, blameless(err))...)
}

// blameless drops the errors that are right for a broken image.
func blameless(err error) error {
	if err == nil || errors.Is(err, squash.ErrFormat) || errors.Is(err, iofs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

var compressors = []string{"gzip", "xz", "zstd", "lz4", "lzo"}

func TestTruncatedImages(t *testing.T) {
	for _, comp := range compressors {
		image := smallImage(t, "-comp", comp)
		for n := 0; n < len(image); n += 1 + n/50 {
			// As a short file, and as one whose size nobody has noticed.
			if err := explore(t.Context(), image[:n]); err != nil {
				t.Fatalf("%s: the first %d bytes: %v", comp, n, err)
			}
			zeros := append(bytes.Clone(image[:n]), make([]byte, len(image)-n)...)
			if err := explore(t.Context(), zeros); err != nil {
				t.Fatalf("%s: zeros from byte %d: %v", comp, n, err)
			}
		}
	}
}

func TestFlippedBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, args := range [][]string{{"-comp", "gzip"}, {"-comp", "xz"}, {"-comp", "zstd"}, {"-comp", "lz4"}, {"-comp", "lzo"}, {"-noI", "-noX", "-noId"}} {
		image := smallImage(t, args...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const rounds = 600
		for range rounds {
			p := bytes.Clone(image)
			var what string
			for range 1 + r.IntN(3) {
				off := r.IntN(len(p))
				p[off] ^= byte(1 + r.IntN(255))
				what += fmt.Sprintf(" %d=%#x", off, p[off])
			}
			if err := explore(t.Context(), p); err != nil {
				t.Fatalf("%v with bytes%s: %v", args, what, err)
			}
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / rounds; per > 8<<20 {
			t.Errorf("%v: %d bytes allocated for an image of %d", args, per, len(image))
		}
	}
}

func FuzzImage(f *testing.F) {
	for _, comp := range compressors {
		f.Add(smallImage(f, "-comp", comp))
	}
	f.Add(smallImage(f, "-noI", "-noD", "-noF", "-noX", "-noId"))
	f.Fuzz(func(t *testing.T, image []byte) {
		if err := explore(t.Context(), image); err != nil {
			t.Error(err)
		}
	})
}
