package integration

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/fetch/verify"
)

const leaf = manifest.LeafSize

// priced is an image behind a server that writes down what it is asked for.
type priced struct {
	*verify.Object
	server *fetchtest.S3
}

// newPriced makes an image of size zeros and opens it as a mount does.
func newPriced(t *testing.T, size int64) priced {
	t.Helper()
	content := make([]byte, size)
	built, err := manifest.Build(t.Context(), bytes.NewReader(content), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	server := fetchtest.NewS3(t)
	image, tree := server.Put("image", content), server.Put("tree", built.Bytes())
	store := newStore(t, s3.Config{Endpoint: server.Endpoint, Bucket: server.Bucket, AccessKey: "a", SecretKey: "s"})
	return priced{mirrored(t, store, built.Manifest.Pin(), image, tree), server}
}

func newStore(t testing.TB, cfg s3.Config) *s3.Store {
	t.Helper()
	store, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// mirrored opens an image through a mirror of one source.
func mirrored(t testing.TB, store verify.Store, pin fetch.Pin, image, tree fetch.Location) *verify.Object {
	t.Helper()
	head, err := verify.ReadHead(t.Context(), store, pin, tree)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := verify.OpenRemote(head.Manifest, store, image, head.At)
	if err != nil {
		t.Fatal(err)
	}
	m := mirror.New([]mirror.Source{{At: image, Blocks: blocks}}, mirror.Config{})
	o := head.Object(image, m, verify.Config{})
	t.Cleanup(func() {
		o.Close()
		m.Close()
	})
	return o
}

// read reads n bytes at off and fails the test unless that costs the given requests.
func (p priced) read(t *testing.T, off, n int64, want ...string) {
	t.Helper()
	if err := p.ReadAt(t.Context(), make([]byte, n), off); err != nil {
		t.Fatal(err)
	}
	p.cost(t, fmt.Sprintf("ReadAt(%d+%d)", off, n), want...)
}

// cost fails the test unless the requests since the last look at them are the given ones.
func (p priced) cost(t *testing.T, what string, want ...string) {
	t.Helper()
	wantRequests(t, what, p.requests(t), want)
}

func wantRequests(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s costs %d requests, %q, want %d, %q", what, len(got), got, len(want), want)
	}
}

// requests returns those since it was last called, each a key and how many leaves of it.
func (p priced) requests(t *testing.T) (got []string) {
	t.Helper()
	for _, r := range p.server.Requests() {
		var first, last int64
		method, rest, _ := strings.Cut(r, " ")
		key, span, _ := strings.Cut(rest, " ")
		if n, err := fmt.Sscanf(span, "bytes=%d-%d", &first, &last); n != 2 || err != nil || method != "GET" {
			t.Errorf("request %q, want a GET of a range", r)
		}
		got = append(got, fmt.Sprintf("%s %d", key, (last+leaf-first)/leaf))
	}
	return got
}

// TestPriceOfSequentialReading reads 1 GiB in pieces as the kernel does: runs double up to 8 MiB, and
// the two hash blocks below the root are fetched once each, the second while the image is being read.
func TestPriceOfSequentialReading(t *testing.T) {
	const size, piece = 1 << 30, leaf / 8
	p := newPriced(t, size)
	p.cost(t, "opening", "tree 2") // the descriptor, and the root behind it
	for off := int64(0); off < size; off += piece {
		if err := p.ReadAt(t.Context(), make([]byte, piece), off); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"image 1", "image 2", "image 4", "image 8", "image 16", "image 32"}
	for range 127 {
		want = append(want, "image 64")
	}
	want = append(want, "image 1", "tree 1", "tree 1") // 136 together
	got := p.requests(t)
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:4], b[:4]) }) // by key
	wantRequests(t, "reading 1 GiB", got, want)
}

// TestPriceOfRandomReading is of an image with two hash blocks below the root.
func TestPriceOfRandomReading(t *testing.T) {
	p := newPriced(t, 5000*leaf)
	p.cost(t, "opening", "tree 2")
	p.read(t, 17*leaf, 4096, "image 1", "tree 1")
	p.read(t, 4990*leaf, 4096, "image 1", "tree 1")
	for _, index := range []int64{4000, 3, 170, 2600, 4800, 42} {
		p.read(t, index*leaf+12345, 4096, "image 1")
	}
	p.read(t, 1001*leaf-2048, 4096, "image 2")
	for _, index := range []int64{4000, 3, 170, 2600, 4800, 42, 1000, 1001} {
		p.read(t, index*leaf+777, 4096)
	}
}
