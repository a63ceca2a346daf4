package http

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// source reads the object at one location.
type source struct {
	server *Server
	key    string
	size   int64
	pinned *wire.Pinned // what every answer is held to
}

var _ fetch.Source = (*source)(nil)

// Size returns the location's size.
func (r *source) Size() int64 { return r.size }

// ReadAt fills p from byte off of the pinned object with one request. It believes no server: an
// answer counts only if range, size and ETag are those asked for.
func (r *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	pinned := r.pinned.Location()
	if off < 0 || off > r.size-int64(len(p)) {
		return fmt.Errorf("read %s: bytes %d+%d are outside its %d", pinned.URL, off, len(p), r.size)
	}
	if len(p) == 0 {
		return nil
	}
	err := r.overwritten(ctx, pinned, r.read(ctx, pinned, p, off))
	if errors.Is(err, fetch.ErrOverwritten) {
		return err
	}
	return r.server.explain("read", pinned.URL, err)
}

// read sends the request and checks the answer before it reads the body.
func (r *source) read(ctx context.Context, pinned fetch.Location, p []byte, off int64) error {
	a, err := r.server.get(ctx, r.key, off, off+int64(len(p))-1, conditions(pinned.ETag), pinned.ETag)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if err := r.pinned.Hold(a.Loc); err != nil {
		return err
	}
	return a.Fill(p, off)
}

// overwritten turns the server's refusals that mean so into an OverwrittenError.
func (r *source) overwritten(ctx context.Context, pinned fetch.Location, err error) error {
	switch status := statusOf(err); {
	case status == nethttp.StatusPreconditionFailed, status == nethttp.StatusRequestedRangeNotSatisfiable:
		return r.compare(ctx, pinned, err)
	case pinned.ETag != "" && notFound(err):
		return &fetch.OverwrittenError{Want: pinned, Gone: true}
	}
	return err
}

// compare looks up what is there now: the refusal err does not tell, and may be wrong.
func (r *source) compare(ctx context.Context, pinned fetch.Location, err error) error {
	now, lookErr := r.server.locate(ctx, r.key, pinned.ETag)
	switch {
	case lookErr == nil && now.Size == pinned.Size && (pinned.ETag == "" || now.ETag == pinned.ETag):
		return fmt.Errorf("%w: the server refuses a condition that holds: %w", fetch.ErrUnavailable, err)
	case notFound(lookErr):
		return &fetch.OverwrittenError{Want: pinned, Gone: true}
	case lookErr != nil && statusOf(err) != nethttp.StatusPreconditionFailed:
		return err
	case lookErr != nil:
		now = fetch.Location{URL: pinned.URL}
	}
	return &fetch.OverwrittenError{Want: pinned, Got: now}
}
