package http

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// send sends one request, with the headers that ask for the bytes as they are. An error answer is a
// statusError; the caller closes the body of any other.
func (s *Server) send(ctx context.Context, method, key string, header nethttp.Header) (*nethttp.Response, error) {
	req, err := nethttp.NewRequestWithContext(ctx, method, s.requestURL(key), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "pinfs")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := checkAnswer(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// checkAnswer lets pass what carries an object, or a part of it, byte for byte.
func checkAnswer(resp *nethttp.Response) error {
	if resp.StatusCode != nethttp.StatusOK && resp.StatusCode != nethttp.StatusPartialContent {
		err := error(&statusError{resp.StatusCode})
		if after := wire.RetryAfter(resp); after > 0 {
			err = &fetch.RetryAfterError{After: after, Err: err}
		}
		return err
	}
	for _, encoding := range resp.Header.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return fmt.Errorf("%w: the answer is encoded as %.20q although that was ruled out", fetch.ErrUnavailable, encoding)
		}
	}
	return nil
}

// get asks for the bytes first to last of the object, under the conditions in header. The identity
// in the answer is of the kind of pinned, if that is set. The caller closes the body.
func (s *Server) get(ctx context.Context, key string, first, last int64, header nethttp.Header, pinned string) (*wire.Answer, error) {
	header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, last))
	resp, err := s.send(ctx, nethttp.MethodGet, key, header)
	if err != nil {
		return nil, err
	}
	a, err := s.answer(key, resp, pinned)
	if err != nil {
		resp.Body.Close()
	}
	return a, err
}

// answer is what the headers say. A range counts in an answer 206 only, and that one must have it:
// one without is of several parts.
func (s *Server) answer(key string, resp *nethttp.Response, pinned string) (*wire.Answer, error) {
	if resp.StatusCode == nethttp.StatusOK {
		resp.Header.Del("Content-Range")
	} else if resp.Header.Get("Content-Range") == "" {
		return nil, fmt.Errorf("%w: an answer 206 without Content-Range", fetch.ErrUnavailable)
	}
	loc := fetch.Location{URL: s.objectURL(key), ETag: identify(resp.Header, pinned)}
	return wire.NewAnswer(loc, resp.Header, resp.Body)
}

// locate returns where the object lies now, with an identity of the pinned kind. Where HEAD is not
// allowed or says too little, a GET of one byte tells.
func (s *Server) locate(ctx context.Context, key, pinned string) (fetch.Location, error) {
	loc, err := s.head(ctx, key, pinned)
	if status := statusOf(err); status == nethttp.StatusMethodNotAllowed || status == nethttp.StatusNotImplemented ||
		errors.Is(err, wire.ErrNoIdentity) {
		_, loc, err = s.first(ctx, key, 1, pinned)
	}
	return loc, err
}

func (s *Server) head(ctx context.Context, key, pinned string) (fetch.Location, error) {
	resp, err := s.send(ctx, nethttp.MethodHead, key, nethttp.Header{})
	if err != nil {
		return fetch.Location{}, err
	}
	resp.Body.Close()
	loc := fetch.Location{URL: s.objectURL(key), ETag: identify(resp.Header, pinned), Size: resp.ContentLength}
	if resp.StatusCode != nethttp.StatusOK || loc.Size < 0 || loc.ETag == "" {
		return fetch.Location{}, wire.ErrNoIdentity
	}
	return loc, nil
}

// first reads the first n > 0 bytes of the object.
func (s *Server) first(ctx context.Context, key string, n int64, pinned string) ([]byte, fetch.Location, error) {
	a, err := s.get(ctx, key, 0, n-1, nethttp.Header{}, pinned)
	if statusOf(err) == nethttp.StatusRequestedRangeNotSatisfiable {
		return s.empty(ctx, key, pinned)
	}
	if err != nil {
		return nil, fetch.Location{}, err
	}
	defer a.Body.Close()
	p, err := a.First(n)
	if err != nil {
		return nil, fetch.Location{}, err
	}
	return p, a.Loc, nil
}

// empty is called when there is no first byte to read.
func (s *Server) empty(ctx context.Context, key, pinned string) ([]byte, fetch.Location, error) {
	loc, err := s.head(ctx, key, pinned)
	if err == nil && loc.Size != 0 {
		err = fmt.Errorf("%w: no range is satisfiable of an object of %d bytes", fetch.ErrUnavailable, loc.Size)
	}
	return nil, loc, err
}
