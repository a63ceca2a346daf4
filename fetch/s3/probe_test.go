package s3

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

const probePrefix = ".pinfs/probe/"

// supports says what a server is known to support; as with honours, more than that fails as well.
func supports(server *s3server.Server) map[fetch.Capability]fetch.Support {
	known := map[fetch.Capability]fetch.Support{}
	for what := range steps {
		known[what] = fetch.Honoured
	}
	known[fetch.ObjectLock] = fetch.Absent
	if !server.Versioning {
		known[fetch.Versions] = fetch.Absent
	}
	if server.Kind == s3server.Ceph { // 16.2
		known[fetch.ConditionalComplete], known[fetch.SHA256], known[fetch.CRC64NVME] = fetch.Ignored, fetch.Ignored, fetch.Ignored
		if server.Versioning {
			known[fetch.ConditionalPut], known[fetch.CreateRace] = fetch.Ignored, fetch.Ignored
		}
	}
	return known
}

func TestProbe(t *testing.T) {
	for name, versioning := range map[string]bool{"Plain": false, "Versioned": true} {
		t.Run(name, func(t *testing.T) {
			server := s3server.Start(t, s3server.Config{Versioning: versioning})
			s := newStore(t, server)
			start := time.Now()
			found, err := s.Probe(t.Context(), probePrefix)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s: %v", server.Kind, name, time.Since(start))
			want := supports(server)
			for what, f := range found {
				t.Logf("%s: %s %s", what, f.Support, f.Detail)
				if f.Support != want[what] {
					t.Errorf("%s = %+v, want %s", what, f, want[what])
				}
			}
			if len(found) != len(want) {
				t.Errorf("%d capabilities were tried, want %d", len(found), len(want))
			}
			s.wantNothing(t)
			status, err := s.Versioning(t.Context())
			if err != nil || versioning != (status == "Enabled") {
				t.Errorf("Versioning = %q, %v", status, err)
			}
		})
	}
}

// wantNothing fails if the bucket has any version, delete marker or part.
func (s scratch) wantNothing(t *testing.T) {
	t.Helper()
	for o := range s.reads.ListObjectsIter(context.Background(), s.cfg.Bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		t.Errorf("left behind: %s version %s, marker %v, %v", o.Key, o.VersionID, o.IsDeleteMarker, o.Err)
	}
	uploads, err := s.reads.ListMultipartUploads(context.Background(), s.cfg.Bucket, "", "", "", "", 100)
	if err != nil || len(uploads.Uploads) > 0 {
		t.Errorf("left behind: uploads %v, %v", uploads.Uploads, err)
	}
}

// TestProbeInterrupted ends a probe while it is under way, earlier and later.
func TestProbeInterrupted(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	s := newStore(t, server)
	for n := int64(0); n < 40; n += 3 {
		ctx, cancel := context.WithCancel(t.Context())
		proxied := s.behind(t, func(asked int64) {
			if asked == n {
				cancel()
			}
		})
		found, err := proxied.Probe(ctx, probePrefix)
		if !errors.Is(err, context.Canceled) || found != nil {
			t.Errorf("Probe cancelled at request %d = %v, %v", n, found, err)
		}
		s.wantNothing(t)
		cancel()
	}
}

// behind returns the same store whose requests are counted before they are sent.
func (s scratch) behind(t *testing.T, before func(asked int64)) *Store {
	t.Helper()
	c := open(t, Config{Endpoint: s.cfg.Endpoint, Bucket: s.cfg.Bucket, AccessKey: "a", SecretKey: "s"})
	c.wallet = s.wallet
	var asked atomic.Int64
	counting := roundTrip(func(r *http.Request) (*http.Response, error) {
		before(asked.Add(1) - 1)
		return c.toClose[0].RoundTrip(r)
	})
	var err error
	if c.reads, err = c.client(c.cfg, counting); err != nil {
		t.Fatal(err)
	}
	c.writes = c.reads
	return c
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestProbeSweeps: what a killed probe has left is removed once it is old, and not before.
func TestProbeSweeps(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	s := newStore(t, server)
	p := &probe{s: s.Store, prefix: probePrefix, run: probePrefix + "KILLED-", uploads: map[string]string{}}
	for range 2 {
		if _, err := p.overwrite(t.Context(), p.key("put"), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := p.uploadPart(t.Context(), p.key("parts"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	p.sweep(t.Context(), time.Now())
	if _, err := s.Stat(t.Context(), p.run+"put"); err != nil {
		t.Errorf("what may be in use was removed: %v", err)
	}
	p.sweep(t.Context(), time.Now().Add(2*probeStale))
	if server.Kind == s3server.MinIO { // lists uploads to one key only
		_ = p.clean(t.Context())
	}
	s.wantNothing(t)
}

// TestProbeIgnorant: servers without conditions, or with such that hold only one after the other.
func TestProbeIgnorant(t *testing.T) {
	s, server := newHostile(t)
	server.Lie(fetchtest.IgnoreConditions, nil)
	found, err := s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{
		fetch.ConditionalPut: fetch.Ignored, fetch.CreateRace: fetch.Ignored, fetch.ConditionalComplete: fetch.Ignored,
		fetch.IfMatch: fetch.Ignored, fetch.Versions: fetch.Ignored, fetch.SHA256: fetch.Ignored,
	})
	server.Lie(fetchtest.IgnoreConditions, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "race") })
	found, err = s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{fetch.ConditionalPut: fetch.Honoured, fetch.CreateRace: fetch.Ignored})
	if found.Exclusive() || !found.Settled() {
		t.Errorf("%v: want not exclusive, and settled", found)
	}
	n := wantGone(t, server) / 2
	t.Logf("a probe costs %d requests", n)
	if n > maxProbeRequests {
		t.Errorf("a probe costs %d requests, want at most %d", n, maxProbeRequests)
	}
}

// maxProbeRequests is what a first publication may cost besides.
const maxProbeRequests = 100

// TestProbeUnclear: a server that does not know conditions, one that demands them, and one that fails now and then.
func TestProbeUnclear(t *testing.T) {
	conditional := func(r *http.Request) bool { return r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "" }
	s, server := newHostile(t)
	server.Lie(fetchtest.Unable, conditional)
	found, err := s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{
		fetch.ConditionalPut: fetch.Refused, fetch.CreateRace: fetch.Refused, fetch.IfMatch: fetch.Honoured,
	})
	server.Lie(fetchtest.Forbidden, func(r *http.Request) bool { // a policy against overwriting
		return r.Method == http.MethodPut && !conditional(r) && !strings.Contains(r.URL.RawQuery, "uploadId")
	})
	found, err = s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{
		fetch.ConditionalPut: fetch.Honoured, fetch.CreateRace: fetch.Honoured, fetch.ConditionalComplete: fetch.Honoured,
		fetch.SHA256: fetch.Ignored, fetch.IfMatch: fetch.Unknown,
	})
	n := 0
	server.Lie(fetchtest.ServerError, func(r *http.Request) bool {
		if conditional(r) && strings.Contains(r.URL.Path, "race") {
			n++
		}
		return n == 3
	})
	found, err = s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{fetch.CreateRace: fetch.Unknown})
	if found.Exclusive() || found.Settled() {
		t.Errorf("%v: want nothing settled", found)
	}
}

func wantSupport(t *testing.T, found fetch.Capabilities, err error, want map[fetch.Capability]fetch.Support) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	for what, support := range want {
		if found[what].Support != support {
			t.Errorf("%s = %+v, want %s", what, found[what], support)
		}
	}
}

// wantGone fails if the server has an object that a request named, and returns how many there were.
func wantGone(t *testing.T, server *fetchtest.S3) int {
	t.Helper()
	keys := map[string]bool{}
	requests := server.Requests()
	for _, r := range requests {
		keys[strings.Fields(r + " ?")[1]] = true
	}
	for key := range keys {
		if _, ok := server.Content(key); ok {
			t.Errorf("left behind: %s", key)
		}
	}
	if n := server.Uploads(); n > 0 || len(keys) < len(steps) {
		t.Errorf("%d uploads left, %d keys asked for", n, len(keys))
	}
	return len(requests)
}

// TestProbeImpossible: nothing can be tried, or nothing removed.
func TestProbeImpossible(t *testing.T) {
	s, server := newHostile(t)
	server.Lie(fetchtest.Forbidden, to(http.MethodPut, ""))
	found, err := s.Probe(t.Context(), probePrefix)
	if found != nil || !errors.Is(err, fetch.ErrDenied) || strings.Contains(err.Error(), "secret") {
		t.Errorf("Probe without being allowed to write = %v, %v", found, err)
	}
	server.Lie(fetchtest.Forbidden, to(http.MethodDelete, ""))
	found, err = s.Probe(t.Context(), probePrefix)
	if !found.Exclusive() || !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), "remove what begins with s3://hostile/"+probePrefix) {
		t.Errorf("Probe without being allowed to delete = %v, %v", found, err)
	}
	server.Lie(fetchtest.Honest, nil)
	down := httptest.NewServer(nil)
	down.Close()
	s = open(t, Config{Endpoint: down.URL, Bucket: "bucket", AccessKey: "a", SecretKey: "s"})
	if found, err := s.Probe(t.Context(), probePrefix); found != nil || !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("Probe of a server that is down = %v, %v", found, err)
	}
}

// TestProbeRetained: where nothing can be removed, nothing is put.
func TestProbeRetained(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !r.URL.Query().Has("object-lock") {
			t.Errorf("%s %s is sent", r.Method, r.URL)
		}
		w.Write([]byte(`<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>` +
			`<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`))
	}))
	t.Cleanup(server.Close)
	s := open(t, Config{Endpoint: server.URL, Bucket: "bucket", AccessKey: "a", SecretKey: "s"})
	found, err := s.Probe(t.Context(), probePrefix)
	wantSupport(t, found, err, map[fetch.Capability]fetch.Support{fetch.ObjectLock: fetch.Honoured, fetch.ConditionalPut: fetch.Unknown})
}
