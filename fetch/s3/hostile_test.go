package s3

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// newHostile returns a store on a server that lies, and the server.
func newHostile(t *testing.T) (*Store, *fetchtest.S3) {
	t.Helper()
	server := fetchtest.NewS3(t)
	return open(t, Config{Endpoint: server.Endpoint, Bucket: server.Bucket, AccessKey: "access", SecretKey: "very secret", PartSize: minPartSize}), server
}

// newSource opens loc and fails the test if that fails.
func newSource(t testing.TB, s *Store, loc fetch.Location) fetch.Source {
	t.Helper()
	src, err := s.Open(loc)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestHonestServer(t *testing.T) {
	s, server := newHostile(t)
	content := fetchtest.Random(300000, 1)
	loc := server.Put("key", content)
	fetchtest.TestSource(t, newSource(t, s, loc), content)
	server.Requests()
	if err := newSource(t, s, loc).ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests(); !slices.Equal(got, []string{"GET key bytes=5-14"}) {
		t.Errorf("one read costs %q, want one ranged GET", got)
	}
}

// TestLies: whatever a server says, a read has the pinned bytes or fails with the right verdict.
func TestLies(t *testing.T) {
	for _, c := range []struct {
		lie  fetchtest.Lie
		want fetch.Verdict
	}{
		{fetchtest.IgnoreRange, fetch.ErrUnavailable},
		{fetchtest.WrongTotal, fetch.ErrOverwritten},
		{fetchtest.WrongStart, fetch.ErrUnavailable},
		{fetchtest.NoETag, fetch.ErrUnavailable},
		{fetchtest.WrongETag, fetch.ErrOverwritten},
		{fetchtest.OtherVersion, fetch.ErrOverwritten},
		{fetchtest.ShortBody, fetch.ErrUnavailable},
		{fetchtest.Trickle, fetch.ErrUnavailable},
		{fetchtest.LostAnswer, fetch.ErrUnavailable},
		{fetchtest.ServerError, fetch.ErrUnavailable},
		{fetchtest.SlowDown, fetch.ErrUnavailable},
		{fetchtest.TooMany, fetch.ErrUnavailable},
		{fetchtest.BadGateway, fetch.ErrUnavailable},
		{fetchtest.Forbidden, fetch.ErrDenied},
		{fetchtest.Redirect, ""},
	} {
		s, server := newHostile(t)
		content := fetchtest.Random(1000, 1)
		src := newSource(t, s, server.Put("key", content))
		server.Lie(c.lie, nil)
		err := src.ReadAt(t.Context(), make([]byte, 100), 100)
		wantLine(t, err, c.want)
		server.Lie(fetchtest.Honest, nil)
		fetchtest.TestSource(t, src, content)
	}
}

// wantLine fails unless err has the verdict and is one line that names the object but no secret.
func wantLine(t *testing.T, err error, want fetch.Verdict) {
	t.Helper()
	if err == nil || fetch.VerdictOf(err) != want {
		t.Errorf("error %v has verdict %q, want %q", err, fetch.VerdictOf(err), want)
		return
	}
	if text := err.Error(); !strings.Contains(text, "s3://hostile/key") || strings.ContainsAny(text, "\n<") || strings.Contains(text, "secret") {
		t.Errorf("error text %q, want one line that names s3://hostile/key", text)
	}
}

// TestLocalComparison: where the server takes no notice of conditions the answers alone must do.
func TestLocalComparison(t *testing.T) {
	s, server := newHostile(t)
	loc := server.Put("key", fetchtest.Random(1000, 1))
	loc.VersionID = ""
	now := server.Put("key", fetchtest.Random(1000, 2))
	server.Lie(fetchtest.IgnoreConditions, nil)
	err := newSource(t, s, loc).ReadAt(t.Context(), make([]byte, 100), 0)
	wantLine(t, err, fetch.ErrOverwritten)
	var o *fetch.OverwrittenError
	if !errors.As(err, &o) || o.Want != loc || o.Got != now {
		t.Errorf("ReadAt = %+v, want both locations, %+v and %+v", o, loc, now)
	}
}

// TestPinnedVersion: an overwrite does not concern a reader of a version that is still there.
func TestPinnedVersion(t *testing.T) {
	s, server := newHostile(t)
	content := fetchtest.Random(1000, 1)
	loc := server.Put("key", content)
	bare := newSource(t, s, fetch.Location{URL: loc.URL, Size: loc.Size})
	fetchtest.TestSource(t, bare, content)
	server.Put("key", fetchtest.Random(1000, 2))
	fetchtest.TestSource(t, newSource(t, s, loc), content)
	fetchtest.TestSource(t, bare, content)
	server.Drop("key")
	server.Put("key", fetchtest.Random(1000, 3))
	err := newSource(t, s, loc).ReadAt(t.Context(), make([]byte, 10), 0)
	wantLine(t, err, fetch.ErrOverwritten)
	if o := new(fetch.OverwrittenError); !errors.As(err, &o) || !o.Gone {
		t.Errorf("ReadAt of a version that is gone = %v, want gone", err)
	}
}

// TestOverwrittenUnseen: the lookup after a 412 is for the message only; it may fail.
func TestOverwrittenUnseen(t *testing.T) {
	s, server := newHostile(t)
	loc := server.Put("key", fetchtest.Random(1000, 1))
	loc.VersionID = ""
	server.Put("key", fetchtest.Random(1000, 2))
	server.Lie(fetchtest.Forbidden, func(r *http.Request) bool { return r.Header.Get("If-Match") == "" })
	wantLine(t, newSource(t, s, loc).ReadAt(t.Context(), make([]byte, 10), 0), fetch.ErrOverwritten)
}

func TestGetLies(t *testing.T) {
	content := fetchtest.Random(1000, 1)
	for _, c := range []struct {
		lie  fetchtest.Lie
		want fetch.Verdict
	}{
		{fetchtest.WrongStart, fetch.ErrUnavailable},
		{fetchtest.NoETag, fetch.ErrUnavailable},
		{fetchtest.ShortBody, fetch.ErrUnavailable},
		{fetchtest.Trickle, fetch.ErrUnavailable},
		{fetchtest.BadGateway, fetch.ErrUnavailable},
		{fetchtest.Forbidden, fetch.ErrDenied},
	} {
		s, server := newHostile(t)
		server.Put("key", content)
		server.Lie(c.lie, nil)
		_, _, err := s.Get(t.Context(), "key", 100)
		wantLine(t, err, c.want)
	}
	s, server := newHostile(t)
	loc := server.Put("key", content)
	server.Lie(fetchtest.IgnoreRange, nil)
	got, found, err := s.Get(t.Context(), "key", 100)
	if err != nil || found != loc || !bytes.Equal(got, content[:100]) {
		t.Errorf("Get from a server without ranges = %d bytes at %+v, %v, want the first 100", len(got), found, err)
	}
}

// TestStatAfterCoarseHead: a HEAD that is refused without a reason is followed by a GET that tells.
func TestStatAfterCoarseHead(t *testing.T) {
	s, server := newHostile(t)
	server.Put("key", []byte("x"))
	server.Lie(fetchtest.Forbidden, func(r *http.Request) bool { return r.Method == http.MethodGet })
	_, err := s.Stat(t.Context(), "missing")
	if !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("Stat = %v, want what the GET says", err)
	}
	if err := s.Remove(t.Context(), "missing"); !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("Remove = %v, want what the GET says", err)
	}
}
