package squash_test

import (
	"bytes"
	"io"
	iofs "io/fs"
	"os"
	"testing"
	"time"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// BenchmarkRead reads all files of an image one after the other, as tar or md5sum do.
func BenchmarkRead(b *testing.B) {
	for _, comp := range compressors {
		b.Run(comp, func(b *testing.B) {
			args := []string{"-comp", comp}
			if comp == "zstd" {
				args = append(args, "-Xcompression-level", "3")
			}
			p := realImage(b, args)
			for b.Loop() {
				b.SetBytes(readTree(b, p, squash.Config{}))
			}
		})
	}
}

// BenchmarkWalk lists all directories and looks at all inodes, as find -ls does.
func BenchmarkWalk(b *testing.B) {
	p := realImage(b, []string{"-comp", "xz"})
	for b.Loop() {
		fsys := openBytes(b, p, squash.Config{}).FS(b.Context())
		n := 0
		err := iofs.WalkDir(fsys, ".", func(_ string, d iofs.DirEntry, err error) error {
			if err == nil {
				_, err = d.Info()
			}
			n++
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n), "names")
	}
}

func realImage(b *testing.B, args []string) []byte {
	b.Helper()
	p, err := os.ReadFile(squashtest.Make(b, realTree(b), args...))
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func openBytes(b *testing.B, p []byte, cfg squash.Config) *squash.Image {
	b.Helper()
	m, err := squash.Open(b.Context(), squashtest.NewSource(bytes.NewReader(p), int64(len(p))), cfg)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// readTree reads everything in a freshly opened image and returns how many bytes of files that was.
func readTree(b *testing.B, p []byte, cfg squash.Config) (total int64) {
	b.Helper()
	fsys := openBytes(b, p, cfg).FS(b.Context())
	buf := make([]byte, 128<<10)
	err := iofs.WalkDir(fsys, ".", func(path string, d iofs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := fsys.Open(path)
		if err != nil {
			return err
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, buf)
		total += n
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return total
}

// BenchmarkScaling reads all of an xz image with one reader, by one worker and by two in turns, and
// reports how much faster two are.
func BenchmarkScaling(b *testing.B) {
	p := realImage(b, []string{"-comp", "xz"})
	times := map[int]time.Duration{}
	for b.Loop() {
		for workers := 1; workers <= 2; workers++ {
			start := time.Now()
			readTree(b, p, squash.Config{Workers: workers})
			times[workers] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[1])/float64(times[2]), "x/one-worker")
}
