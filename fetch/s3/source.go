package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// source reads the object at one location.
type source struct {
	store  *Store
	key    string
	size   int64
	pinned *wire.Pinned // what every answer is held to
}

var _ fetch.Source = (*source)(nil)

// Open returns a Source of the object at loc.
func (s *Store) Open(loc fetch.Location) (fetch.Source, error) {
	r, err := s.open(loc)
	if err != nil {
		return nil, err // not r, which is no nil interface
	}
	return r, nil
}

func (s *Store) open(loc fetch.Location) (*source, error) {
	key, err := loc.KeyIn(s.URL())
	if err == nil {
		err = wire.CheckKey(key)
	}
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return &source{store: s, key: key, size: loc.Size, pinned: wire.Pin(loc)}, nil
}

// Size returns the location's size.
func (r *source) Size() int64 { return r.size }

// ReadAt fills p from byte off of the pinned version with one request. It believes no server: an
// answer counts only if range, size, ETag and version are those asked for.
func (r *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off < 0 || off > r.size-int64(len(p)) {
		return fmt.Errorf("read %s: bytes %d+%d are outside its %d", r.store.objectURL(r.key), off, len(p), r.size)
	}
	if len(p) == 0 {
		return nil
	}
	return r.ask(ctx, func(ctx context.Context, opts minio.GetObjectOptions) error { return r.read(ctx, opts, p, off) })
}

// ask sends a request for the pinned version and says what its failure means.
func (r *source) ask(ctx context.Context, send func(ctx context.Context, opts minio.GetObjectOptions) error) error {
	return r.store.withCredentials(ctx, func(ctx context.Context) error {
		pinned := r.pinned.Location()
		opts := minio.GetObjectOptions{VersionID: pinned.VersionID}
		var err error
		if pinned.ETag != "" {
			err = opts.SetMatchETag(pinned.ETag)
		}
		if err == nil {
			err = send(ctx, opts)
		}
		if err = r.overwritten(ctx, pinned, err); err == nil || errors.Is(err, fetch.ErrOverwritten) {
			return err
		}
		return r.store.explain("read", pinned.String(), err)
	})
}

// read sends the request and checks the answer before it reads the body.
func (r *source) read(ctx context.Context, opts minio.GetObjectOptions, p []byte, off int64) error {
	if err := opts.SetRange(off, off+int64(len(p))-1); err != nil {
		return err
	}
	a, err := r.store.get(ctx, r.key, opts)
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
	resp := minio.ToErrorResponse(err)
	switch {
	case verdictOf(resp) == fetch.ErrDenied || resp.Code == minio.NoSuchBucket:
		return err
	case resp.StatusCode == http.StatusPreconditionFailed, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return r.compare(ctx, pinned, err)
	case pinned.ETag == "" && pinned.VersionID == "":
		return err
	case resp.StatusCode == http.StatusNotFound,
		pinned.VersionID != "" && resp.StatusCode == http.StatusBadRequest && resp.Code == minio.InvalidArgument:
		return &fetch.OverwrittenError{Want: pinned, Gone: true}
	}
	return err
}

// compare looks up what is there now, for the person who reads the error.
func (r *source) compare(ctx context.Context, pinned fetch.Location, err error) error {
	now, lookErr := r.store.locate(ctx, r.key)
	switch {
	case lookErr == nil && now.Size == pinned.Size && (pinned.ETag == "" || now.ETag == pinned.ETag):
		return fmt.Errorf("%w: the server refuses a condition that holds: %w", fetch.ErrUnavailable, brief(err))
	case lookErr != nil && minio.ToErrorResponse(lookErr).Code == minio.NoSuchKey:
		return &fetch.OverwrittenError{Want: pinned, Gone: true}
	case lookErr != nil && minio.ToErrorResponse(err).StatusCode != http.StatusPreconditionFailed:
		return err
	case lookErr != nil:
		now = fetch.Location{URL: pinned.URL}
	}
	return &fetch.OverwrittenError{Want: pinned, Got: now}
}
