package http

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// target is where the redirecting server of the tests sends who asks for path: /n/key is n redirects
// away from object.
func target(path, host, object string) string {
	var n int
	if _, err := fmt.Sscanf(path, "/%d/key", &n); err == nil && n > 1 {
		return fmt.Sprintf("/%d/key?secret", n-1)
	}
	return map[string]string{
		"/1/key":     object,
		"/loop/key":  "/loop/key",
		"/ring/key":  "/ring2/key?secret",
		"/ring2/key": "/ring/key",
		"/ftp/key":   "ftp://host/key?secret",
		"/user/key":  "http://user:secret@" + host + "/1/key",
		"/dir/key":   "/dir/key/",
	}[path]
}

func TestRedirects(t *testing.T) {
	h := newHostile(t)
	content := fetchtest.Random(1000, 1)
	object := h.put(content).URL
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if referer := r.Header.Get("Referer"); referer != "" {
			t.Errorf("a request at %s tells the referer %s", r.URL, referer)
		}
		if to := target(r.URL.Path, r.Host, object); to != "" {
			w.Header().Set("Location", to)
		}
		w.WriteHeader(nethttp.StatusFound)
	}))
	t.Cleanup(server.Close)
	for _, path := range []string{"/1", "/5"} {
		s := open(t, server.URL+path, Config{})
		fetchtest.TestSource(t, newSource(t, s, fetch.Location{URL: s.URL() + "/key", Size: 1000}), content)
	}
	for path, c := range map[string]struct {
		verdict fetch.Verdict
		text    string
	}{
		"/6":       {fetch.ErrUnavailable, "more than 5 redirects"},
		"/loop":    {fetch.ErrUnavailable, "in circles"},
		"/ring":    {fetch.ErrUnavailable, "in circles"},
		"/ftp":     {fetch.ErrUnavailable, "no plain http"},
		"/user":    {fetch.ErrUnavailable, "no plain http"},
		"/nowhere": {fetch.ErrUnavailable, "HTTP status 302"},
		"/dir":     {fetch.ErrNotFound, "a directory is there"},
	} {
		s := open(t, server.URL+path, Config{})
		_, err := s.Stat(t.Context(), "key")
		wantLine(t, err, c.verdict, "look up "+s.URL()+"/key")
		if text := fmt.Sprint(err); !strings.Contains(text, c.text) || strings.Contains(text, "secret") {
			t.Errorf("Stat at %s = %v, want %q and no secret", path, err, c.text)
		}
	}
}

// TestEncryption: the CA file counts, and no redirect leads out of https.
func TestEncryption(t *testing.T) {
	h := newHostile(t)
	content := fetchtest.Random(1000, 1)
	object := h.put(content)
	server := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if strings.HasPrefix(r.URL.Path, "/plain/") {
			nethttp.Redirect(w, r, object.URL, nethttp.StatusFound)
			return
		}
		h.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	base := server.URL + "/" + h.Bucket

	_, err := open(t, base, Config{}).Stat(t.Context(), "key")
	if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "certificate authority of "+base) {
		t.Errorf("Stat without the CA file = %v, want ErrUnavailable and what to do", err)
	}
	cfg := Config{CAFile: filepath.Join(t.TempDir(), "ca.pem")}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(cfg.CAFile, block, 0o644); err != nil {
		t.Fatal(err)
	}
	loc := fetch.Location{URL: base + "/key", ETag: object.ETag, Size: object.Size}
	fetchtest.TestSource(t, newSource(t, open(t, base, cfg), loc), content)
	plain := open(t, server.URL+"/plain", cfg)
	_, err = plain.Stat(t.Context(), "key")
	wantLine(t, err, fetch.ErrUnavailable, plain.URL()+"/key")
	if !strings.Contains(fmt.Sprint(err), "not encrypted") {
		t.Errorf("Stat through a redirect to http = %v, want why it is not followed", err)
	}
}
