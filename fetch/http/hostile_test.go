package http

import (
	"bytes"
	"errors"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// hostile is a web server that lies. What it serves are the objects of a hostile S3 server, which
// any client can read without signature.
type hostile struct {
	*fetchtest.S3
	base string
	// twist, where set, changes the headers of an answer before they are sent, but not its body.
	twist atomic.Pointer[func(nethttp.Header)]
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{S3: fetchtest.NewS3(t)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.base = server.URL + "/" + h.Bucket
	return h
}

func (h *hostile) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	if twist := h.twist.Load(); twist != nil {
		w = &twisted{w, *twist}
	}
	h.S3.ServeHTTP(w, r)
}

// twisted changes the headers at the last moment.
type twisted struct {
	nethttp.ResponseWriter
	twist func(nethttp.Header)
}

func (w *twisted) WriteHeader(status int) {
	w.twist(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// put stores the object and returns where it lies.
func (h *hostile) put(content []byte) fetch.Location {
	loc := h.Put("key", content)
	loc.URL, loc.VersionID = h.base+"/key", ""
	return loc
}

// set returns a twist that sets a header, or removes it for "".
func set(name, value string) func(nethttp.Header) {
	return func(h nethttp.Header) {
		h.Del(name)
		if value != "" {
			h.Set(name, value)
		}
	}
}

func TestPrice(t *testing.T) {
	h := newHostile(t)
	s := open(t, h.base, Config{})
	content := fetchtest.Random(300000, 1)
	loc := h.put(content)
	fetchtest.TestSource(t, newSource(t, s, loc), content)
	h.Requests()
	if err := newSource(t, s, loc).ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Stat(t.Context(), "key"); err != nil || found != loc {
		t.Errorf("Stat = %+v, %v, want %+v", found, err, loc)
	}
	if p, found, err := s.Get(t.Context(), "key", 10); err != nil || found != loc || !bytes.Equal(p, content[:10]) {
		t.Errorf("Get = %d bytes at %+v, %v, want the first 10", len(p), found, err)
	}
	if got := h.Requests(); !slices.Equal(got, []string{"GET key bytes=5-14", "HEAD key", "GET key bytes=0-9"}) {
		t.Errorf("a read, Stat and Get cost %q, want one request each", got)
	}
}

// TestLies: whatever a server says, a read has the pinned bytes or fails with the right verdict.
func TestLies(t *testing.T) {
	for lie, want := range map[fetchtest.Lie]fetch.Verdict{
		fetchtest.IgnoreRange: fetch.ErrUnavailable,
		fetchtest.WrongTotal:  fetch.ErrOverwritten,
		fetchtest.WrongStart:  fetch.ErrUnavailable,
		fetchtest.NoETag:      fetch.ErrUnavailable,
		fetchtest.WrongETag:   fetch.ErrOverwritten,
		fetchtest.ShortBody:   fetch.ErrUnavailable,
		fetchtest.Trickle:     fetch.ErrUnavailable,
		fetchtest.LostAnswer:  fetch.ErrUnavailable,
		fetchtest.ServerError: fetch.ErrUnavailable,
		fetchtest.SlowDown:    fetch.ErrUnavailable,
		fetchtest.TooMany:     fetch.ErrUnavailable,
		fetchtest.BadGateway:  fetch.ErrUnavailable,
		fetchtest.Forbidden:   fetch.ErrDenied,
		fetchtest.Redirect:    fetch.ErrUnavailable,
		fetchtest.NotMine:     fetch.ErrUnavailable,
		fetchtest.Hang:        fetch.ErrUnavailable,
		fetchtest.HangAtOnce:  fetch.ErrUnavailable,
	} {
		h := newHostile(t)
		s := open(t, h.base, Config{Stall: time.Second})
		content := fetchtest.Random(1000, 1)
		src := newSource(t, s, h.put(content))
		h.Lie(lie, nil)
		err := src.ReadAt(t.Context(), make([]byte, 100), 100)
		wantLine(t, err, want, h.base+"/key")
		if stalled := strings.Contains(err.Error(), " 1s"); stalled != (lie == fetchtest.Hang || lie == fetchtest.HangAtOnce) {
			t.Errorf("lie %v: ReadAt = %v", lie, err)
		}
		h.Lie(fetchtest.Honest, nil)
		fetchtest.TestSource(t, src, content)
	}
}

// TestTwistedHeaders: answers that say too little or something else than asked for.
func TestTwistedHeaders(t *testing.T) {
	nameless := func(h nethttp.Header) { h.Del("ETag"); h.Del("Last-Modified") }
	for name, c := range map[string]struct {
		twist      func(nethttp.Header)
		want, bare fetch.Verdict // of a pinned source and of one that has seen nothing yet
	}{
		"Nameless":        {nameless, fetch.ErrUnavailable, fetch.ErrUnavailable},
		"DateOnly":        {set("ETag", ""), fetch.ErrUnavailable, ""},
		"WeakETag":        {set("ETag", `W/"weak"`), fetch.ErrOverwritten, ""},
		"BadETag":         {set("ETag", `unquoted`), fetch.ErrUnavailable, ""},
		"Gzip":            {set("Content-Encoding", "gzip"), fetch.ErrUnavailable, fetch.ErrUnavailable},
		"Identity":        {set("Content-Encoding", "identity"), "", ""},
		"NoRange":         {set("Content-Range", ""), fetch.ErrUnavailable, fetch.ErrUnavailable},
		"NoTotal":         {set("Content-Range", "bytes 100-199/*"), fetch.ErrUnavailable, fetch.ErrUnavailable},
		"Chunked":         {set("Content-Length", ""), "", ""},
		"NothingWasAsked": {set("Content-Range", "bytes 0-999/1000"), fetch.ErrUnavailable, fetch.ErrUnavailable},
	} {
		h := newHostile(t)
		s := open(t, h.base, Config{})
		content := fetchtest.Random(1000, 1)
		loc := h.put(content)
		h.twist.Store(&c.twist)
		bare := fetch.Location{URL: loc.URL, Size: loc.Size}
		for want, src := range map[*fetch.Verdict]fetch.Source{&c.want: newSource(t, s, loc), &c.bare: newSource(t, s, bare)} {
			p := make([]byte, 100)
			err := src.ReadAt(t.Context(), p, 100)
			if *want != "" {
				wantLine(t, err, *want, loc.URL)
			} else if err != nil || !bytes.Equal(p, content[100:200]) {
				t.Errorf("%s: ReadAt = %v, want the right bytes", name, err)
			}
		}
	}
}

// TestLearnedIdentity: what the first answer said holds, be it weak or a date, and is no condition
// that a server can not meet.
func TestLearnedIdentity(t *testing.T) {
	for name, identities := range map[string][2]func(nethttp.Header){
		"Weak": {set("ETag", `W/"1"`), set("ETag", `W/"2"`)},
		"Date": {
			func(h nethttp.Header) { h.Del("ETag"); h.Set("Last-Modified", "Wed, 25 Nov 2026 12:00:10 GMT") },
			func(h nethttp.Header) { h.Del("ETag"); h.Set("Last-Modified", "Wed, 25 Nov 2026 12:00:09 GMT") },
		},
	} {
		h := newHostile(t)
		content := fetchtest.Random(1000, 1)
		loc := h.put(content)
		loc.ETag = ""
		h.twist.Store(&identities[0])
		src := newSource(t, open(t, h.base, Config{}), loc)
		fetchtest.TestSource(t, src, content)
		h.twist.Store(&identities[1])
		if err := src.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, fetch.ErrOverwritten) {
			t.Errorf("%s: ReadAt = %v, want ErrOverwritten", name, err)
		}
	}
}

// TestLocalComparison: where the server takes no notice of conditions the answers alone must do.
func TestLocalComparison(t *testing.T) {
	h := newHostile(t)
	loc := h.put(fetchtest.Random(1000, 1))
	now := h.put(fetchtest.Random(1000, 2))
	src := newSource(t, open(t, h.base, Config{}), loc)
	for _, lie := range []fetchtest.Lie{fetchtest.IgnoreConditions, fetchtest.Honest} {
		h.Lie(lie, nil)
		err := src.ReadAt(t.Context(), make([]byte, 100), 0)
		if o := new(fetch.OverwrittenError); !errors.As(err, &o) || o.Want != loc || o.Got != now {
			t.Errorf("lie %v: ReadAt = %v, want both locations, %+v and %+v", lie, err, loc, now)
		}
	}
	h.Lie(fetchtest.Forbidden, func(r *nethttp.Request) bool { return r.Method == nethttp.MethodHead })
	wantLine(t, src.ReadAt(t.Context(), make([]byte, 100), 0), fetch.ErrOverwritten, loc.URL)
}

func TestGetLies(t *testing.T) {
	for lie, want := range map[fetchtest.Lie]fetch.Verdict{
		fetchtest.WrongStart: fetch.ErrUnavailable, fetchtest.ShortBody: fetch.ErrUnavailable,
		fetchtest.BadGateway: fetch.ErrUnavailable, fetchtest.Forbidden: fetch.ErrDenied,
	} {
		h := newHostile(t)
		h.put(fetchtest.Random(1000, 1))
		h.Lie(lie, nil)
		_, _, err := open(t, h.base, Config{}).Get(t.Context(), "key", 100)
		wantLine(t, err, want, h.base+"/key")
	}
	h := newHostile(t)
	content := fetchtest.Random(1000, 1)
	loc := h.put(content)
	h.Lie(fetchtest.IgnoreRange, nil)
	got, found, err := open(t, h.base, Config{}).Get(t.Context(), "key", 100)
	if err != nil || found != loc || !bytes.Equal(got, content[:100]) {
		t.Errorf("Get from a server without ranges = %d bytes at %+v, %v, want the first 100", len(got), found, err)
	}
}
