package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/pinfs/pinfs/fetch"
)

// Answer is what a server says it sends, and the body that it sends.
type Answer struct {
	Loc    fetch.Location // of the object, with its whole size
	Off, N int64          // the bytes of it in the body
	Ranged bool           // the server answered to the range
	Body   io.ReadCloser
}

// ErrNoIdentity reports an answer that says too little to be held to anything.
var ErrNoIdentity = fmt.Errorf("%w: the answer has no ETag or no length", fetch.ErrUnavailable)

// NewAnswer takes sizes and offset from the headers and checks that they agree. loc is all that is
// known of the object but its size. The caller closes the body, also after an error.
func NewAnswer(loc fetch.Location, header http.Header, body io.ReadCloser) (*Answer, error) {
	a := &Answer{Loc: loc, Body: body}
	length, contentRange := header.Get("Content-Length"), header.Get("Content-Range")
	if loc.ETag == "" || length == "" && contentRange == "" {
		return nil, ErrNoIdentity
	}
	if contentRange != "" {
		first, last, total, ok := parseContentRange(contentRange)
		a.Ranged, a.Off, a.N, a.Loc.Size = true, first, last-first+1, total
		if !ok || length != "" && length != strconv.FormatInt(a.N, 10) {
			return nil, fmt.Errorf("%w: Content-Range %.80q does not fit a body of %.20s bytes", fetch.ErrUnavailable, contentRange, length)
		}
		return a, nil
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil || size < 0 {
		return nil, ErrNoIdentity
	}
	a.N, a.Loc.Size = size, size
	return a, nil
}

// Fill reads the body into p if it is exactly the bytes of the object from off on, and its end,
// which frees the connection.
func (a *Answer) Fill(p []byte, off int64) error {
	if !a.Ranged {
		return fmt.Errorf("%w: the server ignores byte ranges", fetch.ErrUnavailable)
	}
	if a.Off != off || a.N != int64(len(p)) {
		return fmt.Errorf("%w: asked for bytes %d+%d, the answer has %d+%d", fetch.ErrUnavailable, off, len(p), a.Off, a.N)
	}
	if n, err := io.ReadFull(a.Body, p); err != nil {
		return shortBody(int64(n), int64(len(p)), err)
	}
	var more [1]byte
	if n, _ := a.Body.Read(more[:]); n > 0 {
		return fmt.Errorf("%w: the body is longer than its %d bytes", fetch.ErrUnavailable, len(p))
	}
	return nil
}

// First returns the first n bytes of the object, or all if it is shorter. A server that ignores the
// range and sends all of it is welcome here: the answer is of one version anyway.
func (a *Answer) First(n int64) ([]byte, error) {
	want := min(n, a.Loc.Size)
	if a.Off != 0 || a.N < want {
		return nil, fmt.Errorf("%w: bytes %d+%d of %d in the answer, asked for the first %d",
			fetch.ErrUnavailable, a.Off, a.N, a.Loc.Size, n)
	}
	// Not allocated beforehand: the size is only what the server says.
	p, err := io.ReadAll(io.LimitReader(a.Body, want))
	if int64(len(p)) < want {
		return nil, shortBody(int64(len(p)), want, err)
	}
	return p, nil
}

// shortBody reports a body that ended too early, for the reason err or, if that is nil, for none.
func shortBody(got, want int64, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case fetch.VerdictOf(err) != "":
		return fmt.Errorf("short body, %d of %d bytes: %w", got, want, err)
	}
	return fmt.Errorf("%w: short body, %d of %d bytes: %w", fetch.ErrUnavailable, got, want, cmp.Or(err, io.ErrUnexpectedEOF))
}
