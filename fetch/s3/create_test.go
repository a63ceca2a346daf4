package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// small and large are bodies for one request and for three parts.
func small() []byte { return fetchtest.Random(1000, 1) }
func large() []byte { return fetchtest.Random(2*minPartSize+100, 2) }

func create(t *testing.T, s *Store, content []byte) (fetch.Location, error) {
	t.Helper()
	return s.Create(t.Context(), "key", bytes.NewReader(content), int64(len(content)))
}

// to selects requests by method and a piece of the query.
func to(method, query string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.RawQuery, query) }
}

// once selects the first request that when selects.
func once(when func(*http.Request) bool) func(*http.Request) bool {
	done := false
	return func(r *http.Request) bool {
		if done || !when(r) {
			return false
		}
		done = true
		return true
	}
}

func wantStored(t *testing.T, server *fetchtest.S3, want []byte) {
	t.Helper()
	got, ok := server.Content("key")
	if ok != (want != nil) || !bytes.Equal(got, want) {
		t.Errorf("the server holds %d bytes, present %v; want %d", len(got), ok, len(want))
	}
	if n := server.Uploads(); n != 0 {
		t.Errorf("%d unfinished uploads are left", n)
	}
}

func TestCreateRequests(t *testing.T) {
	s, server := newHostile(t)
	if _, err := create(t, s, small()); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests(); !slices.Equal(got, []string{"HEAD key", "PUT key"}) {
		t.Errorf("a small Create costs %q, want HEAD and PUT", got)
	}
}

// TestLostAnswers: a Create that took place is a success, although nobody said so.
func TestLostAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		when    func(*http.Request) bool
	}{
		"Single":     {small(), to("PUT", "")},
		"Completion": {large(), to("POST", "uploadId=")},
		"Part":       {large(), once(to("PUT", "partNumber=2"))},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newHostile(t)
			server.Lie(fetchtest.LostAnswer, c.when)
			loc, err := create(t, s, c.content)
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			wantStored(t, server, c.content)
			if found, err := s.Stat(t.Context(), "key"); err != nil || found != loc {
				t.Errorf("Create = %+v, Stat = %+v, %v", loc, found, err)
			}
		})
	}
}

// TestCreateFails: what fails leaves neither an object nor parts.
func TestCreateFails(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		lie     fetchtest.Lie
		when    func(*http.Request) bool
		want    fetch.Verdict
	}{
		"Single500":       {small(), fetchtest.ServerError, to("PUT", ""), fetch.ErrUnavailable},
		"Single403":       {small(), fetchtest.Forbidden, to("PUT", ""), fetch.ErrDenied},
		"Initiate503":     {large(), fetchtest.SlowDown, to("POST", "uploads"), fetch.ErrUnavailable},
		"Part403":         {large(), fetchtest.Forbidden, to("PUT", "partNumber=2"), fetch.ErrDenied},
		"Part500":         {large(), fetchtest.ServerError, to("PUT", "partNumber=2"), fetch.ErrUnavailable},
		"CompletionError": {large(), fetchtest.CompletionError, nil, fetch.ErrUnavailable},
		"Completion403":   {large(), fetchtest.Forbidden, to("POST", "uploadId="), fetch.ErrDenied},
		"Completion502":   {large(), fetchtest.BadGateway, to("POST", "uploadId="), fetch.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newHostile(t)
			server.Lie(c.lie, c.when)
			_, err := create(t, s, c.content)
			wantLine(t, err, c.want)
			wantStored(t, server, nil)
		})
	}
}

// TestPartsAreRetried: one bad answer does not cost an upload of many gigabytes.
func TestPartsAreRetried(t *testing.T) {
	s, server := newHostile(t)
	server.Lie(fetchtest.SlowDown, once(to("PUT", "partNumber=1")))
	if _, err := create(t, s, large()); err != nil {
		t.Fatal(err)
	}
	wantStored(t, server, large())
}

// TestDeniedOnce is what MinIO does to a PUT to a directory that it is about to remove.
func TestDeniedOnce(t *testing.T) {
	s, server := newHostile(t)
	server.Lie(fetchtest.Forbidden, once(to("PUT", "")))
	if _, err := create(t, s, small()); err != nil {
		t.Fatal(err)
	}
	wantStored(t, server, small())
}

// TestAbortFails: parts that can not be removed are named in the error.
func TestAbortFails(t *testing.T) {
	s, server := newHostile(t)
	server.Lie(fetchtest.Forbidden, func(r *http.Request) bool {
		return to("DELETE", "uploadId=")(r) || to("PUT", "partNumber=1")(r)
	})
	_, err := create(t, s, large())
	wantLine(t, err, fetch.ErrDenied)
	if err != nil && !strings.Contains(err.Error(), "upload id upload1") {
		t.Errorf("Create = %v, want the id of the upload that is left", err)
	}
}

// TestCreateLate: somebody takes the key while the parts are on their way.
func TestCreateLate(t *testing.T) {
	s, server := newHostile(t)
	body := hook{bytes.NewReader(large()), func() { server.Put("key", small()) }}
	_, err := s.Create(t.Context(), "key", body, int64(len(large())))
	wantLine(t, err, fetch.ErrConflict)
	wantStored(t, server, small())
}

// TestCompletionWithoutETag is what Ceph does, which also heeds no condition there: a Create learns by its
// mark whether its object is the one that stayed.
func TestCompletionWithoutETag(t *testing.T) {
	for want, after := range map[fetch.Verdict]func(*fetchtest.S3){
		"":                func(*fetchtest.S3) {},
		fetch.ErrConflict: func(s *fetchtest.S3) { s.Put("key", small()) },
	} {
		objects := fetchtest.NewS3(t)
		objects.Lie(fetchtest.NoETag, to("POST", "uploadId="))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			objects.ServeHTTP(w, r)
			if to("POST", "uploadId=")(r) {
				after(objects)
			}
		}))
		t.Cleanup(server.Close)
		s := open(t, Config{Endpoint: server.URL, Bucket: objects.Bucket, AccessKey: "a", SecretKey: "s", PartSize: minPartSize})
		if _, err := create(t, s, large()); fetch.VerdictOf(err) != want || want == "" && err != nil {
			t.Errorf("Create = %v, want verdict %q", err, want)
		}
	}
}

// hook is a body that calls reached before each read.
type hook struct {
	io.ReaderAt
	reached func()
}

func (h hook) ReadAt(p []byte, off int64) (int, error) {
	h.reached()
	return h.ReaderAt.ReadAt(p, off)
}

// TestCreateCancelled cancels in the middle of an upload.
func TestCreateCancelled(t *testing.T) {
	s, server := newHostile(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body := hook{bytes.NewReader(large()), func() {
		if server.Uploads() > 0 {
			cancel()
		}
	}}
	_, err := s.Create(ctx, "key", body, int64(len(large())))
	wantLine(t, err, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Create = %v, want context.Canceled", err)
	}
	wantStored(t, server, nil)
}

func TestPartSize(t *testing.T) {
	c := Config{PartSize: defaultPartSize}
	for _, size := range []int64{1, defaultPartSize, maxParts * defaultPartSize, maxParts*defaultPartSize + 1, 5 << 40} {
		n := c.partSize(size)
		if n < defaultPartSize || (size+n-1)/n > maxParts {
			t.Errorf("partSize(%d) = %d, want at least %d and at most %d parts", size, n, defaultPartSize, maxParts)
		}
	}
}
