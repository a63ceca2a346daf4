package http

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestContract runs the suite of stores on a real web server: with ETags, with dates alone, and where
// HEAD is not allowed.
func TestContract(t *testing.T) {
	for name, path := range map[string]string{"ETag": "", "Dated": "/dated", "NoHead": "/nohead"} {
		t.Run(name, func(t *testing.T) {
			fetchtest.TestStore(t, func(t *testing.T) fetch.Store {
				n := startNginx(t)
				return store{n.open(t, path), n}
			})
		})
	}
}

func put(t *testing.T, s store, key string, content []byte) fetch.Location {
	t.Helper()
	loc, err := s.Create(t.Context(), key, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func newSource(t testing.TB, s *Server, loc fetch.Location) fetch.Source {
	t.Helper()
	src, err := s.Open(loc)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestRedirected(t *testing.T) {
	n := startNginx(t)
	content := fetchtest.Random(300000, 1)
	put(t, store{n.open(t, ""), n}, "dir/key", content)
	s := n.open(t, "/moved")
	loc, err := s.Stat(t.Context(), "dir/key")
	if err != nil || loc.URL != n.url+"/moved/dir/key" {
		t.Fatalf("Stat = %+v, %v, want the URL that was asked for", loc, err)
	}
	src := newSource(t, s, loc)
	fetchtest.TestSource(t, src, content)
	if _, err := (store{s, n}).Overwrite(t.Context(), "dir/key", fetchtest.Random(300000, 2)); err != nil {
		t.Fatal(err)
	}
	if err := src.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, fetch.ErrOverwritten) {
		t.Errorf("ReadAt of an overwritten object = %v, want ErrOverwritten", err)
	}
}

// TestIdentities: which kind of identity the locations of a server have.
func TestIdentities(t *testing.T) {
	n := startNginx(t)
	loc := put(t, store{n.open(t, ""), n}, "key", []byte("x"))
	if loc.ETag == "" || strings.ContainsAny(loc.ETag, `":`) {
		t.Errorf("with ETags: %+v, want one without quotes", loc)
	}
	dated, err := n.open(t, "/dated").Stat(t.Context(), "key")
	if want := "mtime:" + time.Unix(n.clock.Load(), 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"); err != nil || dated.ETag != want {
		t.Errorf("without ETags: %+v, %v, want ETag %s", dated, err, want)
	}
	// A date that was pinned holds, although the server has ETags now.
	src := newSource(t, n.open(t, ""), fetch.Location{URL: loc.URL, ETag: dated.ETag, Size: loc.Size})
	fetchtest.TestSource(t, src, []byte("x"))
}

func TestRefusals(t *testing.T) {
	n := startNginx(t)
	for path, want := range map[string]fetch.Verdict{
		"/busy": fetch.ErrUnavailable, "/forbidden": fetch.ErrDenied, "/gone": fetch.ErrNotFound, "/nothing": fetch.ErrNotFound,
	} {
		s := n.open(t, path)
		_, statErr := s.Stat(t.Context(), "key")
		_, _, getErr := s.Get(t.Context(), "key", 10)
		bare := fetch.Location{URL: s.URL() + "/key", Size: 10}
		readErr := newSource(t, s, bare).ReadAt(t.Context(), make([]byte, 1), 0)
		for _, err := range []error{statErr, getErr, readErr} {
			wantLine(t, err, want, s.URL()+"/key")
			if pause := fetch.RetryAfter(err); (pause == 7*time.Second) != (path == "/busy") {
				t.Errorf("%v asks for a pause of %s", err, pause)
			}
		}
		if want == fetch.ErrNotFound {
			bare.ETag = "etag"
			err := newSource(t, s, bare).ReadAt(t.Context(), make([]byte, 1), 0)
			if o := new(fetch.OverwrittenError); !errors.As(err, &o) || !o.Gone {
				t.Errorf("ReadAt of a pinned object at %s = %v, want gone", path, err)
			}
		}
	}
}

// wantLine fails unless err has the verdict and is one line that names the object.
func wantLine(t *testing.T, err error, want fetch.Verdict, object string) {
	t.Helper()
	if err == nil || fetch.VerdictOf(err) != want {
		t.Errorf("error %v has verdict %q, want %q", err, fetch.VerdictOf(err), want)
		return
	}
	if text := err.Error(); strings.Count(text, object) != 1 || strings.ContainsAny(text, "\n<") {
		t.Errorf("error text %q, want one line that names %s once", text, object)
	}
}

func TestServerDown(t *testing.T) {
	s := open(t, "http://127.0.0.1:1/dir", Config{})
	_, err := s.Stat(t.Context(), "key")
	wantLine(t, err, fetch.ErrUnavailable, s.URL()+"/key")
	if !strings.Contains(err.Error(), "refused; check that http://127.0.0.1:1/dir is up") {
		t.Errorf("Stat = %v, want what to do", err)
	}
}

func TestNew(t *testing.T) {
	for _, base := range []string{"http://host", "https://host:8443/a/b", "http://[::1]:80/a%20b", "http://host/path/"} {
		s := open(t, base, Config{})
		if s.URL() != strings.TrimSuffix(base, "/") {
			t.Errorf("New(%s).URL() = %s", base, s.URL())
		}
	}
	for _, base := range []string{
		"", "host/path", "//host/path", "ftp://host/path", "http://", "http:///path", "http://:80/path", "http://host/path//",
		"http://user:secret@host/path", "http://user@host/", "http://host/path?secret", "http://host/path?", "http://host/path#secret",
		"http://host/%zzsecret",
	} {
		if _, err := New(base, Config{}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("New(%q) = %v, want an error that keeps secrets", base, err)
		}
	}
	if _, err := New("http://host", Config{CAFile: "/nonexistent"}); err == nil {
		t.Error("New with a missing CA file succeeds")
	}
}

func TestOpenRefuses(t *testing.T) {
	s := open(t, "http://host/dir", Config{})
	for _, loc := range []fetch.Location{
		{URL: "http://host/dir/../key", Size: 1},
		{URL: "http://host/dir/key", VersionID: "v", Size: 1},
		{URL: "http://host/dir/key", ETag: "a\r\nb", Size: 1},
		{URL: "http://host/dir/key", ETag: `"quoted"`, Size: 1},
		{URL: "http://host/dir/key", ETag: "mtime:not a date", Size: 1},
	} {
		if _, err := s.Open(loc); err == nil {
			t.Errorf("Open(%+v) succeeds", loc)
		}
	}
}

func TestEscaping(t *testing.T) {
	s := open(t, "http://host/a%20b", Config{})
	got := strings.Split(s.requestURL("PE/a b%/q?x#y/ä;,+"), "/")
	if want := []string{"http:", "", "host", "a%20b", "PE", "a%20b%25", "q%3Fx%23y", "%C3%A4%3B%2C+"}; !slices.Equal(got, want) {
		t.Errorf("requestURL = %q, want %q", got, want)
	}
}
