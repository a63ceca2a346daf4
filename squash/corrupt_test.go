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

// What explore looks at, at most.
const (
	exploreCache  = 1 << 20 // bytes
	exploreInodes = 200
	exploreNames  = 1000     // of a directory, and of all of fs.FS
	exploreBytes  = 16 << 20 // of files and attributes
)

// explorer reads what it can reach in an image that may be broken.
type explorer struct {
	m    *squash.Image
	src  *squashtest.Source
	buf  []byte
	got  int     // bytes of files and attributes so far
	said []error // FormatErrors: what is wrong with the image
	bad  []error // those that a broken image must not cause
}

// explore reads everything it can reach in an image that may be broken, within limits.
func explore(ctx context.Context, image []byte) *explorer {
	e := &explorer{src: squashtest.NewSource(bytes.NewReader(image), int64(len(image))), buf: make([]byte, 64<<10)}
	var err error
	e.m, err = squash.Open(ctx, e.src, squash.Config{CacheBytes: exploreCache, Workers: 1})
	if e.check(err); err == nil {
		e.refs(ctx)
		e.paths(ctx)
	}
	return e
}

// err returns the errors that a broken image must not cause.
func (e *explorer) err() error { return errors.Join(e.bad...) }

// refs goes from inode to inode.
func (e *explorer) refs(ctx context.Context) {
	todo := []squash.Ref{e.m.RootRef()}
	for i := 0; i < len(todo) && i < exploreInodes && e.got < exploreBytes; i++ {
		ino, err := e.m.Inode(ctx, todo[i])
		if e.check(err); err == nil {
			todo = append(todo, e.inode(ctx, ino)...)
		}
	}
	for _, number := range []uint32{0, 1, 2, e.m.Superblock().Inodes, e.m.Superblock().Inodes + 1} {
		_, err := e.m.RefByNumber(ctx, number)
		e.check(err)
	}
}

// inode looks at all there is of ino and returns what is in it, if it is a directory.
func (e *explorer) inode(ctx context.Context, ino *squash.Inode) (found []squash.Ref) {
	xattrs, err := e.m.Xattrs(ctx, ino)
	e.check(err)
	for _, x := range xattrs {
		e.got += len(x.Name) + len(x.Value)
	}
	switch ino.Type() {
	case squash.ModeDir:
		var last squash.Entry
		err = e.m.ReadDir(ctx, ino, 0, func(entry squash.Entry) bool {
			found, last = append(found, entry.Ref), entry
			return len(found) < exploreNames
		})
		e.check(err)
		for _, name := range []string{"hello", last.Name} {
			_, err = e.m.Lookup(ctx, ino, name)
			e.check(err)
		}
		e.check(e.m.ReadDir(ctx, ino, last.Next, func(squash.Entry) bool { return false }))
		_, err = e.m.ParentRef(ctx, ino)
	case squash.ModeSymlink:
		_, err = e.m.Readlink(ctx, ino)
	case squash.ModeRegular:
		for _, off := range []int64{0, ino.Size / 2, max(ino.Size-5000, 0)} {
			n, err := e.m.ReadAt(ctx, ino, e.buf, off)
			e.check(err)
			e.got += n
		}
	}
	e.check(err)
	return found
}

// paths goes through fs.FS, which must not be led in a circle.
func (e *explorer) paths(ctx context.Context) {
	names := 0
	err := iofs.WalkDir(e.m.FS(ctx), ".", func(_ string, d iofs.DirEntry, err error) error {
		e.check(err)
		if names++; names > exploreNames {
			return iofs.SkipAll
		}
		if err == nil {
			_, err = d.Info()
			e.check(err)
		}
		return nil
	})
	e.check(err)
}

// check notes an error that is not right for a broken image: the right ones say where in the image
// something is wrong, that it is not supported, or that what was asked for is not there.
func (e *explorer) check(err error) {
	var f *squash.FormatError
	switch {
	case errors.As(err, &f):
		e.said = append(e.said, err)
		if f.What == "" || f.Off < 0 || f.Off > e.src.Size() {
			e.bad = append(e.bad, fmt.Errorf("no place in the image: %w", err))
		}
	case err == nil, errors.Is(err, iofs.ErrNotExist), errors.Is(err, errors.ErrUnsupported), errors.Is(err, iofs.ErrInvalid):
	default:
		e.bad = append(e.bad, err)
	}
}

var compressors = []string{"gzip", "xz", "zstd", "lz4", "lzo"}

func TestTruncatedImages(t *testing.T) {
	for _, comp := range compressors {
		image := smallImage(t, "-comp", comp)
		for n := 0; n < len(image); n += 1 + n/50 {
			// As a short file, and as one whose size nobody has noticed.
			if err := explore(t.Context(), image[:n]).err(); err != nil {
				t.Fatalf("%s: the first %d bytes: %v", comp, n, err)
			}
			zeros := append(bytes.Clone(image[:n]), make([]byte, len(image)-n)...)
			if err := explore(t.Context(), zeros).err(); err != nil {
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
			if err := explore(t.Context(), p).err(); err != nil {
				t.Fatalf("%v with bytes%s: %v", args, what, err)
			}
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / rounds; per > 8<<20 {
			t.Errorf("%v: %d bytes allocated for an image of %d", args, per, len(image))
		}
	}
}
