package squash_test

import (
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/squashfs"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// BenchmarkPeers has others do the same work on the same image in turns, and reports how many times
// as fast this package is.
func BenchmarkPeers(b *testing.B) {
	tree := sourceTree(b)
	for _, comp := range []string{"xz", "zstd", "gzip", "lz4"} {
		image := squashtest.Make(b, tree, packers[comp]...)
		b.Run(comp+"/list/unsquashfs", func(b *testing.B) { compete(b, ours(image, statAll), unsquashfs(image, "-lls")) })
		b.Run(comp+"/read/unsquashfs", func(b *testing.B) {
			compete(b, ours(image, readAll), unsquashfs(image, "-quiet", "-no-progress", "-force", "-dest", memoryDir(b)))
		})
		if comp == "lz4" {
			continue // go-diskfs takes it for another format
		}
		b.Run(comp+"/list/go-diskfs", func(b *testing.B) { compete(b, ours(image, statAll), diskfs(image, statAll)) })
		b.Run(comp+"/read/go-diskfs", func(b *testing.B) { compete(b, ours(image, readAll), diskfs(image, readAll)) })
	}
}

// work is one way to do a job; it returns how much it found, if it can tell.
type work func(b *testing.B) int64

// compete reports how long ours and theirs take, in turns.
func compete(b *testing.B, ours, theirs work) {
	var took [2]time.Duration
	for b.Loop() {
		var found [2]int64
		for i, do := range []work{ours, theirs} {
			start := time.Now()
			found[i] = do(b)
			took[i] += time.Since(start)
		}
		if found[1] != unknown && found[0] != found[1] {
			b.Fatalf("we found %d, they found %d", found[0], found[1])
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "x/theirs")
}

const unknown = -1

// ours does the job with this package; a view of the image is all it is given.
func ours(image string, job func(iofs.FS) (int64, error)) work {
	return func(b *testing.B) int64 {
		return must(b, job, squashtest.Open(b, image, squash.Config{}).FS(b.Context()))
	}
}

func diskfs(image string, job func(iofs.FS) (int64, error)) work {
	return func(b *testing.B) int64 {
		storage, err := file.OpenFromPath(image, true)
		if err != nil {
			b.Fatal(err)
		}
		defer storage.Close()
		info, err := storage.Stat()
		if err != nil {
			b.Fatal(err)
		}
		fsys, err := squashfs.Read(storage, info.Size(), 0, 128<<10)
		if err != nil {
			b.Fatal(err)
		}
		return must(b, job, fsys)
	}
}

func must(b *testing.B, job func(iofs.FS) (int64, error), fsys iofs.FS) int64 {
	b.Helper()
	n, err := job(fsys)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func unsquashfs(image string, args ...string) work {
	return func(b *testing.B) int64 {
		if out, err := exec.Command("unsquashfs", append(args, image)...).Output(); err != nil {
			b.Fatalf("unsquashfs: %v\n%.500s", err, out)
		}
		return unknown
	}
}

// statAll looks at every inode, as find -ls does, and returns how many there are.
func statAll(fsys iofs.FS) (n int64, err error) {
	err = iofs.WalkDir(fsys, ".", func(_ string, d iofs.DirEntry, err error) error {
		if err == nil {
			_, err = d.Info()
		}
		n++
		return err
	})
	return n, err
}

// sourceTree returns a directory of some twelve thousand ordinary files, Go's own source.
func sourceTree(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "src")
}

// memoryDir returns a directory that costs no disk.
func memoryDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "squash")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
