package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// answer is what a server says it sends, and the body that it sends.
type answer struct {
	loc    fetch.Location // of the object, with its whole size
	off, n int64          // the bytes of it in the body
	ranged bool           // the server answered to the range
	body   io.ReadCloser
}

// get sends one GET. The error is the client library's own; the caller closes the body.
func (s *Store) get(ctx context.Context, key string, opts minio.GetObjectOptions) (*answer, error) {
	body, info, header, err := s.reads.GetObject(ctx, s.cfg.Bucket, key, opts)
	if err != nil {
		return nil, err
	}
	if body == nil { // the library says so of some answers that are no errors for it
		return nil, errNoIdentity
	}
	a := &answer{
		loc:  fetch.Location{URL: s.objectURL(key), VersionID: info.VersionID, ETag: info.ETag},
		body: body,
	}
	if err := a.measure(header); err != nil {
		body.Close()
		return nil, err
	}
	return a, nil
}

// measure takes sizes and offset from the headers and checks that they agree.
func (a *answer) measure(header http.Header) error {
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil || length < 0 || a.loc.ETag == "" {
		return errNoIdentity
	}
	contentRange := header.Get("Content-Range")
	if contentRange == "" {
		a.n, a.loc.Size = length, length
		return nil
	}
	a.ranged = true
	first, last, total, ok := parseContentRange(contentRange)
	if !ok || last-first+1 != length {
		return fmt.Errorf("%w: Content-Range %.80q does not fit a body of %d bytes", fetch.ErrUnavailable, contentRange, length)
	}
	a.off, a.n, a.loc.Size = first, length, total
	return nil
}

// parseContentRange reads "bytes first-last/total".
func parseContentRange(s string) (first, last, total int64, ok bool) {
	s, isBytes := strings.CutPrefix(s, "bytes ")
	span, size, hasSize := strings.Cut(s, "/")
	from, to, hasSpan := strings.Cut(span, "-")
	if !isBytes || !hasSize || !hasSpan {
		return 0, 0, 0, false
	}
	first, errFirst := strconv.ParseInt(from, 10, 64)
	last, errLast := strconv.ParseInt(to, 10, 64)
	total, errTotal := strconv.ParseInt(size, 10, 64)
	ok = errFirst == nil && errLast == nil && errTotal == nil && 0 <= first && first <= last && last < total
	return first, last, total, ok
}

// fill reads exactly len(p) bytes and the end of the body, which frees the connection.
func (a *answer) fill(p []byte) error {
	if n, err := io.ReadFull(a.body, p); err != nil {
		return shortBody(int64(n), int64(len(p)), err)
	}
	var more [1]byte
	if n, _ := a.body.Read(more[:]); n > 0 {
		return fmt.Errorf("%w: the body is longer than its %d bytes", fetch.ErrUnavailable, len(p))
	}
	return nil
}

// shortBody reports a body that ended too early, for the reason err or, if that is nil, for none.
func shortBody(got, want int64, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: short body, %d of %d bytes: %w", fetch.ErrUnavailable, got, want, cmp.Or(err, io.ErrUnexpectedEOF))
}
