// Package http reads images, manifests and records from a plain web server or CDN.
package http

import (
	"context"
	"fmt"
	nethttp "net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// Config says how to reach a web server. Its zero value works. There are no credentials: what is
// not public needs another store.
type Config struct {
	CAFile string // certificates in PEM form to trust besides the system's

	// Stall ends a request when nothing has arrived for so long; default 8 s.
	Stall time.Duration
}

const defaultStall = 8 * time.Second

// Server is a directory of a web server: the half of a fetch.Store that reads, with the same
// contracts. Make one with New and Close it after use.
//
// An object's ETag is the server's. A weak one keeps its W/ and quotes; where there is none, the
// modification time takes its place, as "mtime:" and an HTTP date. Many servers make either from a
// time in seconds, so an overwrite within a second may go unseen here; the hash sees it.
type Server struct {
	base      string
	client    *nethttp.Client
	transport *nethttp.Transport
}

// New returns the directory at base, such as https://host/path. It sends nothing to the server.
func New(base string, cfg Config) (*Server, error) {
	base = strings.TrimSuffix(base, "/")
	if err := checkBase(base); err != nil {
		return nil, err
	}
	roots, err := wire.LoadRoots(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	if cfg.Stall <= 0 {
		cfg.Stall = defaultStall
	}
	s := &Server{base: base, transport: wire.NewTransport(roots, cfg.Stall)}
	s.transport.ResponseHeaderTimeout = 0 // Impatient minds it, and says more
	s.client = &nethttp.Client{Transport: wire.Impatient(s.transport, cfg.Stall), CheckRedirect: checkRedirect}
	return s, nil
}

// checkBase keeps what it refuses out of its error: it may be a password.
func checkBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.ContainsAny(base, "?#") || strings.HasSuffix(base, "/") {
		return fmt.Errorf("web server is not of the form http://host/path or https://host:port/path")
	}
	return nil
}

// Close closes the connections that no request uses. Calls under way are not disturbed.
func (s *Server) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// URL returns the URL that New was given, without a slash at the end.
func (s *Server) URL() string { return s.base }

// objectURL is the name of an object, as in its location: the key is not escaped.
func (s *Server) objectURL(key string) string { return s.base + "/" + key }

// requestURL is where an object is asked for.
func (s *Server) requestURL(key string) string {
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return s.base + "/" + strings.Join(parts, "/")
}

// Open returns a Source of the object at loc, without any request; see fetch.Store.
func (s *Server) Open(loc fetch.Location) (fetch.Source, error) {
	key, err := loc.KeyIn(s.base)
	if err == nil {
		err = wire.CheckKey(key)
	}
	if err == nil && loc.VersionID != "" {
		err = fmt.Errorf("%s: a web server keeps no versions", loc)
	}
	if err == nil {
		err = checkETag(loc.ETag)
	}
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return &source{server: s, key: key, size: loc.Size, pinned: wire.Pin(loc)}, nil
}

// Stat returns where the object at key lies.
func (s *Server) Stat(ctx context.Context, key string) (fetch.Location, error) {
	if err := wire.CheckKey(key); err != nil {
		return fetch.Location{}, err
	}
	loc, err := s.locate(ctx, key, "")
	return loc, s.explain("look up", s.objectURL(key), err)
}

// Get returns the first n bytes of the object at key and where it lies. An empty object costs a
// second request.
func (s *Server) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	if n <= 0 {
		loc, err := s.Stat(ctx, key)
		return nil, loc, err
	}
	if err := wire.CheckKey(key); err != nil {
		return nil, fetch.Location{}, err
	}
	p, loc, err := s.first(ctx, key, n, "")
	return p, loc, s.explain("read", s.objectURL(key), err)
}
