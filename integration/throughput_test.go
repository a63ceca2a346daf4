package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/integration/s3server"
)

// BenchmarkVerifiedRead reads an image of 1 GiB from its beginning to its end, with one reader and with
// four that take turns, each 8 MiB at a time: verified, and with bare ranged GETs of the same size, as
// many at a time. The metrics are the speed as a multiple of the bare one's, and of that which is possible
// when bare reading leaves no processor idle and hashing comes on top of it, and which part of the CPU time
// that this process needs for verified reading is that of the hashes.
func BenchmarkVerifiedRead(b *testing.B) {
	x := newThroughput(b)
	for _, readers := range []int{1, 4} {
		b.Run(strconv.Itoa(readers), func(b *testing.B) {
			var bare, verified spent
			for b.Loop() {
				bare.add(b, func() { x.readBare(b, readers) })
				verified.add(b, func() { x.readVerified(b, readers) })
			}
			hashing := time.Duration(b.N) * x.hashing(b)
			b.ReportMetric(bare.wall.Seconds()/verified.wall.Seconds(), "x-bare")
			b.ReportMetric((bare.wall+hashing/time.Duration(runtime.NumCPU())).Seconds()/verified.wall.Seconds(), "x-possible")
			b.ReportMetric(hashing.Seconds()/verified.cpu.Seconds(), "hash/cpu")
			b.ReportMetric(float64(b.N)*throughputSize/verified.wall.Seconds()/1e6, "verified-MB/s")
		})
	}
}

const (
	throughputSize  = 1 << 30
	throughputChunk = 8 << 20
)

// throughput is a large image on the real server.
type throughput struct {
	server      *s3server.Server
	bucket      string
	store       *s3.Store
	built       *manifest.Built
	image, tree fetch.Location
	client      *minio.Core
}

func newThroughput(b *testing.B) *throughput {
	b.Helper()
	x := &throughput{server: s3server.Start(b, s3server.Config{})}
	x.bucket = x.server.NewBucket(b)
	x.store = newStore(b, s3.Config{
		Endpoint: x.server.Endpoint, Bucket: x.bucket, AccessKey: x.server.AccessKey, SecretKey: s3.Secret(x.server.SecretKey),
	})
	content := repeated{fetchtest.Random(1<<20, 1)}
	var err error
	if x.built, err = manifest.Build(b.Context(), io.NewSectionReader(content, 0, throughputSize), manifest.BuildConfig{}); err != nil {
		b.Fatal(err)
	}
	if x.image, err = x.store.Create(b.Context(), "image", content, throughputSize); err != nil {
		b.Fatal(err)
	}
	tree := x.built.Bytes()
	if x.tree, err = x.store.Create(b.Context(), "tree", bytes.NewReader(tree), int64(len(tree))); err != nil {
		b.Fatal(err)
	}
	x.client = &minio.Core{Client: stranger(b, x.server)}
	return x
}

// repeated is an endless repetition of some bytes.
type repeated struct{ b []byte }

func (r repeated) ReadAt(p []byte, off int64) (n int, _ error) {
	for n < len(p) {
		n += copy(p[n:], r.b[(off+int64(n))%int64(len(r.b)):])
	}
	return n, nil
}

// readBare reads with the client library alone.
func (x *throughput) readBare(b *testing.B, readers int) {
	inTurns(b, readers, func(ctx context.Context, p []byte, off int64) error {
		var opts minio.GetObjectOptions
		if err := opts.SetRange(off, off+int64(len(p))-1); err != nil {
			return err
		}
		body, _, _, err := x.client.GetObject(ctx, x.bucket, "image", opts)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.ReadFull(body, p)
		return err
	})
}

// readVerified reads through all that a mount reads through, but for squashfs and the kernel.
func (x *throughput) readVerified(b *testing.B, readers int) {
	o := mirrored(b, x.store, x.built.Manifest.Pin(), x.image, x.tree)
	inTurns(b, readers, o.ReadAt)
	if o.Verified() != throughputSize {
		b.Errorf("%d bytes were verified, want each byte once", o.Verified())
	}
}

// inTurns reads the image with readers that take one chunk after the other.
func inTurns(b *testing.B, readers int, read func(ctx context.Context, p []byte, off int64) error) {
	b.Helper()
	var next atomic.Int64
	g, ctx := errgroup.WithContext(b.Context())
	for range readers {
		g.Go(func() error {
			p := make([]byte, throughputChunk)
			for {
				off := next.Add(throughputChunk) - throughputChunk
				if off >= throughputSize {
					return nil
				}
				if err := read(ctx, p, off); err != nil {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

// hashing is the CPU time of checking each leaf of the image once.
func (x *throughput) hashing(b *testing.B) time.Duration {
	b.Helper()
	p := fetchtest.Random(leaf, 1)
	var s spent
	s.add(b, func() {
		for range throughputSize / leaf {
			sha256.Sum256(p)
		}
	})
	return s.cpu
}

// spent is the time that something took.
type spent struct{ wall, cpu time.Duration }

func (s *spent) add(b *testing.B, what func()) {
	b.Helper()
	start, before := time.Now(), cpu(b)
	what()
	s.wall += time.Since(start)
	s.cpu += cpu(b) - before
}

// cpu is the time that this process has had of all processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
