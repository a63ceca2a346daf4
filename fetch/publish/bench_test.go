package publish

import (
	"crypto/md5"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// BenchmarkHash: all digests of a file, beside its MD5 alone, which no processor can share out.
func BenchmarkHash(b *testing.B) {
	const size = 256 << 20
	name := filepath.Join(b.TempDir(), "image")
	if err := os.WriteFile(name, fetchtest.Random(size, 1), 0o644); err != nil {
		b.Fatal(err)
	}
	p, err := newPublication(nil, request(name))
	if err != nil {
		b.Fatal(err)
	}
	var ours, alone time.Duration
	b.SetBytes(size)
	for b.Loop() {
		f, err := openImage(name)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if _, err := p.hash(b.Context(), f); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)
		began = time.Now()
		if _, err := io.Copy(md5.New(), io.NewSectionReader(f, 0, size)); err != nil {
			b.Fatal(err)
		}
		alone += time.Since(began)
		f.Close()
	}
	b.ReportMetric(float64(alone)/float64(ours), "of-md5-speed")
}
