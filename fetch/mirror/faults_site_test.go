package mirror_test

import (
	"io"
	"log"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/http"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/integration/s3server"
)

// setup is what is special about a site. The zero value is a server on loopback without encryption.
type setup struct {
	tls    bool   // the server speaks TLS, with a certificate that nobody knows
	scheme string // how it is asked; default http
	host   string // by what name; default its address
	bare   bool   // its location has no identity
	stall  time.Duration
}

// site is one source: an image on a server that lies when told to, at the end of a line that breaks
// when told to.
type site struct {
	*fetchtest.S3 // nil if the server is a real one
	line          *fetchtest.Line
	image         []byte
	store         store
	at            fetch.Location
}

type store interface {
	verify.Store
	io.Closer
}

// kind is a kind of store.
type kind struct {
	name string
	real *s3server.Server // not one that lies, if set
	open func(endpoint, bucket string, stall time.Duration) (store, error)
}

var kinds = []kind{{name: "s3", open: openS3}, {name: "http", open: openHTTP}}

func openS3(endpoint, bucket string, stall time.Duration) (store, error) {
	return s3.New(s3.Config{Endpoint: endpoint, Bucket: bucket, AccessKey: "access", SecretKey: "secret", Stall: stall})
}

func openHTTP(endpoint, bucket string, stall time.Duration) (store, error) {
	return http.New(endpoint+"/"+bucket, http.Config{Stall: stall})
}

// key is where the image of a site lies.
const key = "image"

func (k kind) newSite(t *testing.T, p pinned, how setup) *site {
	t.Helper()
	if k.real != nil {
		return k.publish(t, p, how)
	}
	s := &site{S3: fetchtest.NewS3(t), image: p.bytes}
	server := httptest.NewUnstartedServer(s.S3)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if how.tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	s.line = fetchtest.NewLine(t, server.Listener.Addr().String())
	s.open(t, k, how, s.Bucket)
	loc := s.Put(key, s.image)
	s.at.ETag, s.at.Size = loc.ETag, loc.Size
	if how.bare {
		s.at = fetch.Location{URL: s.at.URL}
	}
	return s
}

// open opens its store at the near end of the line.
func (s *site) open(t *testing.T, k kind, how setup, bucket string) {
	t.Helper()
	address := s.line.Address
	if how.host != "" {
		useNameserver(t)
		address = how.host + address[strings.LastIndexByte(address, ':'):]
	}
	if how.scheme == "" {
		how.scheme = "http"
	}
	var err error
	if s.store, err = k.open(how.scheme+"://"+address, bucket, how.stall); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	s.at.URL = s.store.URL() + "/" + key
}

// lies has the server lie to everybody.
func lies(lie fetchtest.Lie) func(*site) func() {
	return func(s *site) func() {
		s.Lie(lie, nil)
		return func() { s.Lie(fetchtest.Honest, nil) }
	}
}

// liesFirst has the server lie to so many requests.
func liesFirst(lie fetchtest.Lie, n int) func(*site) func() {
	return func(s *site) func() {
		s.Lie(lie, func(*nethttp.Request) bool { n--; return n >= 0 })
		return nil
	}
}

// breaks has the line break under every connection.
func breaks(how fetchtest.LineEnd, after int64) func(*site) func() {
	return func(s *site) func() {
		s.line.Break(fetchtest.LineFault{How: how, After: after}, 1<<30)
		return func() { s.line.Break(fetchtest.LineFault{}, 0) }
	}
}

// breaksFirst has the line break under so many connections.
func breaksFirst(how fetchtest.LineEnd, after int64, n int) func(*site) func() {
	return func(s *site) func() {
		s.line.Break(fetchtest.LineFault{How: how, After: after}, n)
		return nil
	}
}
