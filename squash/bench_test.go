package squash_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// packers are the ways to pack that take a reasonable time.
var packers = map[string][]string{
	"gzip": {"-comp", "gzip"}, "xz": {"-comp", "xz"}, "lz4": {"-comp", "lz4"}, "lzo": {"-comp", "lzo", "-Xcompression-level", "3"},
	"zstd": {"-comp", "zstd", "-Xcompression-level", "3"},
}

func BenchmarkOpen(b *testing.B) {
	p := realImage(b, packers["xz"])
	b.ReportAllocs()
	for b.Loop() {
		openBytes(b, p, squash.Config{})
	}
}

// BenchmarkLookup goes along a path of sixty directories whose metadata are in the cache.
func BenchmarkLookup(b *testing.B) {
	m := openBytes(b, realImage(b, packers["gzip"]), squash.Config{})
	path := strings.Split("deep"+strings.Repeat("/d", 60)+"/bottom", "/")
	b.ReportAllocs()
	for b.Loop() {
		ref := m.RootRef()
		for _, name := range path {
			dir, err := m.Inode(b.Context(), ref)
			if err != nil {
				b.Fatal(err)
			}
			e, err := m.Lookup(b.Context(), dir, name)
			if err != nil {
				b.Fatal(err)
			}
			ref = e.Ref
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(path)), "ns/name")
}

// wideDir returns an image of one directory of n files.
func wideDir(b *testing.B, n int) (*squash.Image, *squash.Inode) {
	b.Helper()
	tree := b.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(tree, fmt.Sprintf("file-%06d", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	m := squashtest.Open(b, squashtest.Make(b, tree), squash.Config{})
	root, err := m.Inode(b.Context(), m.RootRef())
	if err != nil {
		b.Fatal(err)
	}
	return m, root
}

func BenchmarkWideDirectory(b *testing.B) {
	const n = 100_000
	m, dir := wideDir(b, n)
	b.Run("ReadDir", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got := len(list(b, m, dir)); got != n {
				b.Fatalf("%d entries", got)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/name")
	})
	b.Run("Lookup", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := m.Lookup(b.Context(), dir, fmt.Sprintf("file-%06d", i*7919%n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Stat", func(b *testing.B) {
		all := list(b, m, dir)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := m.Inode(b.Context(), all[i%n].Ref); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRead reads all files of an image one after the other, as tar or md5sum do.
func BenchmarkRead(b *testing.B) {
	for name, args := range packers {
		b.Run(name, func(b *testing.B) {
			p := realImage(b, args)
			b.ReportAllocs()
			for b.Loop() {
				b.SetBytes(readTree(b, p, squash.Config{}))
			}
		})
	}
}

// BenchmarkRandom reads 4 KiB at a time anywhere in a file that is many times larger than the cache.
func BenchmarkRandom(b *testing.B) {
	tree := b.TempDir()
	text := bytes.Repeat([]byte("It was the best of times, it was the worst of times. "), 1<<20/53+1)
	f, err := os.Create(filepath.Join(tree, "file"))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 64 { // MiB
		copy(text[i*1000:], fmt.Sprintf("%d", i)) // no duplicates
		if _, err := f.Write(text[:1<<20]); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for name, args := range packers {
		b.Run(name, func(b *testing.B) {
			m := squashtest.Open(b, squashtest.Make(b, tree, args...), squash.Config{CacheBytes: 8 << 20})
			ino := inodeAt(b, m, "file")
			r := rand.New(rand.NewPCG(1, 2))
			p := make([]byte, 4<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.ReadAt(b.Context(), ino, p, r.Int64N(ino.Size/4096)*4096); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScaling reads all of an xz image with one reader, on one core and on two in turns, and
// reports how much faster two are.
func BenchmarkScaling(b *testing.B) {
	p := imageBytes(b, sourceTree(b), packers["xz"])
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	times := map[int]time.Duration{}
	for b.Loop() {
		for cores := 1; cores <= 2; cores++ {
			runtime.GOMAXPROCS(cores)
			start := time.Now()
			readTree(b, p, squash.Config{Workers: cores})
			times[cores] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[1])/float64(times[2]), "x/one-core")
}

func realImage(b *testing.B, args []string) []byte {
	b.Helper()
	return imageBytes(b, realTree(b), args)
}

func imageBytes(b *testing.B, tree string, args []string) []byte {
	b.Helper()
	p, err := os.ReadFile(squashtest.Make(b, tree, args...))
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func openBytes(b *testing.B, p []byte, cfg squash.Config) *squash.Image {
	b.Helper()
	m, err := squash.Open(context.Background(), squashtest.NewSource(bytes.NewReader(p), int64(len(p))), cfg)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// readTree reads everything in a freshly opened image and returns how many bytes of files that was.
func readTree(b *testing.B, p []byte, cfg squash.Config) int64 {
	b.Helper()
	total, err := readAll(openBytes(b, p, cfg).FS(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	return total
}

// readAll reads all regular files of fsys.
func readAll(fsys iofs.FS) (total int64, err error) {
	buf := make([]byte, 128<<10)
	err = iofs.WalkDir(fsys, ".", func(path string, d iofs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := fsys.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, buf)
		total += n
		return err
	})
	return total, err
}
