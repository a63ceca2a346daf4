package integration

import (
	"crypto/md5"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pinfs/pinfs/integration/s3server"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// BenchmarkMount mounts one xz image of Go's sources through pinfs (from the S3 server, verified),
// through the kernel (loop device, local file) and through squashfuse_ll (local file), and times the
// same work on each, in turn, with all caches dropped. The metrics are how long pinfs took as a
// multiple of the others.
func BenchmarkMount(b *testing.B) {
	server := s3server.Start(b, s3server.Config{})
	u := s3User(b, server)
	image := filepath.Join(b.TempDir(), "image")
	run(b, "mksquashfs", filepath.Join(run(b, "go", "env", "GOROOT"), "src"), image, "-comp", "xz", "-quiet", "-no-progress")
	ref := u.ok("publish", image, "s3://"+server.NewBucket(b)+"/bench")
	for _, w := range []struct {
		name string
		work func(b *testing.B, dir string)
	}{{"find", find}, {"read", readAll}} {
		b.Run(w.name, func(b *testing.B) {
			u.t = b
			var pinfs, kernel, fuse time.Duration
			for b.Loop() {
				kernel += timed(b, squashtest.Mount(b, image), w.work)
				fuse += timed(b, squashfuse(b, image), w.work)
				pinfs += timed(b, u.mount(ref), w.work)
			}
			b.ReportMetric(float64(pinfs)/float64(kernel), "x-kernel")
			b.ReportMetric(float64(pinfs)/float64(fuse), "x-squashfuse_ll")
			b.ReportMetric(pinfs.Seconds()/float64(b.N), "pinfs-s")
		})
	}
}

// timed is how long work takes with nothing cached but what the mount itself has read.
func timed(b *testing.B, dir string, work func(*testing.B, string)) time.Duration {
	b.Helper()
	dropCaches(b)
	start := time.Now()
	work(b, dir)
	return time.Since(start)
}

// squashfuse mounts image with squashfuse_ll until the benchmark ends.
func squashfuse(b *testing.B, image string) string {
	b.Helper()
	dir := b.TempDir()
	run(b, "squashfuse_ll", image, dir)
	b.Cleanup(func() { run(b, "umount", dir) })
	return dir
}

// find looks at every entry.
func find(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d iofs.DirEntry, err error) error {
		if err == nil {
			_, err = d.Info()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// readAll reads every file.
func readAll(b *testing.B, dir string) {
	b.Helper()
	h := md5.New()
	err := filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(h, f)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
