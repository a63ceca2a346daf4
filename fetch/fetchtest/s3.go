package fetchtest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// S3 is an S3 server in memory that lies when told to. It has one bucket, knows objects, versions,
// conditions and uploads in parts, but no listings, and takes any signature. All of it may be used
// concurrently.
type S3 struct {
	Endpoint string // http://127.0.0.1:port
	Bucket   string

	mu       sync.Mutex // guards what follows
	lie      Lie
	when     func(*http.Request) bool
	versions map[string][]*s3object
	uploads  map[string]*s3upload
	requests []string
	serial   int
}

// s3object is one version of an object.
type s3object struct {
	content       []byte
	etag, version string
	mark          http.Header // the user's metadata
}

// s3upload is an upload in parts.
type s3upload struct {
	mark  http.Header
	parts map[int][]byte
}

// NewS3 starts the server; it stops when the test ends.
func NewS3(t testing.TB) *S3 {
	s := &S3{Bucket: "hostile", versions: map[string][]*s3object{}, uploads: map[string]*s3upload{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Endpoint = server.URL
	return s
}

// Lie makes the server answer the requests for which when is true wrongly, or all of them if it is
// nil. Calls of when come one after the other.
func (s *S3) Lie(lie Lie, when func(*http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie, s.when = lie, when
}

// Put stores a new version of an object, as a foreign program would.
func (s *S3) Put(key string, content []byte) fetch.Location {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := md5.Sum(content)
	o := s.add(key, content, hex.EncodeToString(sum[:]), nil)
	return fetch.Location{URL: "s3://" + s.Bucket + "/" + key, VersionID: o.version, ETag: o.etag, Size: int64(len(content))}
}

// Drop removes all versions of an object.
func (s *S3) Drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.versions, key)
}

// Content returns the newest version of an object and whether there is one.
func (s *S3) Content(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(key, "")
	if o == nil {
		return nil, false
	}
	return o.content, true
}

// Uploads returns how many uploads in parts are neither completed nor aborted.
func (s *S3) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// Requests returns the requests since it was last called, such as "GET key bytes=0-9".
func (s *S3) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// add makes a version; s.mu is held.
func (s *S3) add(key string, content []byte, etag string, mark http.Header) *s3object {
	s.serial++
	o := &s3object{content: content, etag: etag, version: fmt.Sprintf("v%d", s.serial), mark: mark}
	s.versions[key] = append(s.versions[key], o)
	return o
}

// find returns a version, the newest one for "", or nil; s.mu is held.
func (s *S3) find(key, version string) *s3object {
	all := s.versions[key]
	for i := len(all) - 1; i >= 0; i-- {
		if version == "" || all[i].version == version {
			return all[i]
		}
	}
	return nil
}

// ServeHTTP answers one request; it makes S3 an http.Handler.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+key+" "+r.Header.Get("Range")))
	lie := s.lie
	if s.when != nil && !s.when(r) {
		lie = Honest
	}
	if refusal, ok := refusals[lie]; ok {
		if name := refusal.header[0]; name != "" {
			w.Header().Set(name, refusal.header[1])
		}
		w.WriteHeader(refusal.status)
		io.WriteString(w, refusal.body)
		return
	}
	if lie == LostAnswer {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.answer(httptest.NewRecorder(), r, key, body, Honest)
		}
		panic(http.ErrAbortHandler)
	}
	if bucket != s.Bucket {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	s.answer(w, r, key, body, lie)
}

func (s *S3) answer(w http.ResponseWriter, r *http.Request, key string, body []byte, lie Lie) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.read(w, r, key, lie)
	case http.MethodPut, http.MethodPost:
		s.write(w, r, key, body, lie)
	case http.MethodDelete:
		s.remove(w, r, key)
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}
