package s3

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMissingBucket(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	s := open(t, Config{Endpoint: server.Endpoint, Bucket: "missing-bucket", AccessKey: server.AccessKey, SecretKey: Secret(server.SecretKey)})
	_, statErr := s.Stat(t.Context(), "key")
	_, createErr := s.Create(t.Context(), "key", strings.NewReader("x"), 1)
	_, _, getErr := s.Get(t.Context(), "key", 10)
	src := newSource(t, s, fetch.Location{URL: s.URL() + "/key", ETag: "etag", Size: 10})
	var listErr error
	for _, err := range s.List(t.Context(), "") {
		listErr = err
	}
	for call, err := range map[string]error{
		"Stat": statErr, "Create": createErr, "Get": getErr, "List": listErr, "Remove": s.Remove(t.Context(), "key"),
		"ReadAt": src.ReadAt(t.Context(), make([]byte, 1), 0),
	} {
		if !errors.Is(err, fetch.ErrNotFound) || !strings.Contains(err.Error(), "no such bucket") {
			t.Errorf("%s = %v, want ErrNotFound and no such bucket", call, err)
		}
	}
}

// TestServerDown stops the server under an open source and starts it again.
func TestServerDown(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	s := newStore(t, server)
	content := fetchtest.Random(1000, 1)
	loc, err := s.Create(t.Context(), "key", bytes.NewReader(content), 1000)
	if err != nil {
		t.Fatal(err)
	}
	src := newSource(t, s.Store, loc)
	fetchtest.TestSource(t, src, content)
	server.Stop()
	err = src.ReadAt(t.Context(), make([]byte, 10), 0)
	if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), server.Endpoint) {
		t.Errorf("ReadAt from a stopped server = %v, want ErrUnavailable and the endpoint", err)
	}
	if _, err := s.Create(t.Context(), "other", bytes.NewReader(content), 1000); !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("Create on a stopped server = %v, want ErrUnavailable", err)
	}
	server.Restart(t)
	fetchtest.TestSource(t, src, content)
}

// TestVersionedOverwrite: the real server keeps a pinned version readable.
func TestVersionedOverwrite(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	s := newStore(t, server)
	content := fetchtest.Random(1000, 1)
	loc, err := s.Create(t.Context(), "key", bytes.NewReader(content), 1000)
	if err != nil || loc.VersionID == "" {
		t.Fatalf("Create = %+v, %v, want a version id", loc, err)
	}
	if _, err := s.Overwrite(t.Context(), "key", fetchtest.Random(1000, 2)); err != nil {
		t.Fatal(err)
	}
	fetchtest.TestSource(t, newSource(t, s.Store, loc), content)
	bad := loc
	bad.VersionID = "00000000000000000000000000"
	err = newSource(t, s.Store, bad).ReadAt(t.Context(), make([]byte, 10), 0)
	if o := new(fetch.OverwrittenError); !errors.As(err, &o) || !o.Gone {
		t.Errorf("ReadAt of a version that never was = %v, want gone", err)
	}
}

// TestChangedBehindTheServer: bytes changed in the server's file are for the hash to find; the
// store must deliver them as they are.
func TestChangedBehindTheServer(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw})
	s := newStore(t, server)
	content := fetchtest.Random(1000, 1)
	loc, err := s.Create(t.Context(), "dir/key", bytes.NewReader(content), 1000)
	if err != nil {
		t.Fatal(err)
	}
	content[500] ^= 1
	if err := os.WriteFile(server.StoredFile(s.cfg.Bucket, "dir/key"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	fetchtest.TestSource(t, newSource(t, s.Store, loc), content)
}

// BenchmarkReadAt reads runs of one leaf and of the largest size from the real server.
func BenchmarkReadAt(b *testing.B) {
	server := s3server.Start(b, s3server.Config{})
	s := open(b, Config{
		Endpoint: server.Endpoint, Bucket: server.NewBucket(b), AccessKey: server.AccessKey, SecretKey: Secret(server.SecretKey),
	})
	const size = 64 << 20
	loc, err := s.Create(b.Context(), "key", bytes.NewReader(fetchtest.Random(size, 1)), size)
	if err != nil {
		b.Fatal(err)
	}
	src := newSource(b, s, loc)
	for _, n := range []int64{128 << 10, 8 << 20} {
		b.Run(fmt.Sprintf("%dKiB", n>>10), func(b *testing.B) {
			b.SetBytes(n)
			b.RunParallel(func(pb *testing.PB) {
				p := make([]byte, n)
				for pb.Next() {
					if err := src.ReadAt(b.Context(), p, rand.Int64N(size-n)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
