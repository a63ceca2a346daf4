package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// Stat returns where the newest object at key lies.
func (s *Store) Stat(ctx context.Context, key string) (loc fetch.Location, err error) {
	if err := checkKey(key); err != nil {
		return fetch.Location{}, err
	}
	err = s.withCredentials(ctx, func() (err error) {
		loc, err = s.locate(ctx, key)
		return s.explain("look up", s.objectURL(key), err)
	})
	return loc, err
}

// Get returns the first n bytes of the newest object at key and where it lies. An empty object
// costs a second request.
func (s *Store) Get(ctx context.Context, key string, n int64) (p []byte, loc fetch.Location, err error) {
	if n <= 0 {
		loc, err = s.Stat(ctx, key)
		return nil, loc, err
	}
	if err := checkKey(key); err != nil {
		return nil, fetch.Location{}, err
	}
	err = s.withCredentials(ctx, func() (err error) {
		p, loc, err = s.first(ctx, key, n)
		return s.explain("read", s.objectURL(key), err)
	})
	return p, loc, err
}

// locate is Stat without credentials and explanation. A failed HEAD has no body and often a coarse
// status (some servers answer 404 to a wrong access key), so a GET of one byte tells the reason.
func (s *Store) locate(ctx context.Context, key string) (fetch.Location, error) {
	loc, _, err := s.head(ctx, key)
	if status := minio.ToErrorResponse(err).StatusCode; status >= 400 && status < 500 {
		_, loc, err = s.first(ctx, key, 1)
	}
	return loc, err
}

// head returns the newest object's location and the mark that its creator put on it.
func (s *Store) head(ctx context.Context, key string) (fetch.Location, string, error) {
	info, err := s.reads.StatObject(ctx, s.cfg.Bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return fetch.Location{}, "", err
	}
	if info.Size < 0 || info.ETag == "" {
		return fetch.Location{}, "", errNoIdentity
	}
	return fetch.Location{URL: s.objectURL(key), VersionID: info.VersionID, ETag: info.ETag, Size: info.Size},
		info.UserMetadata[markName], nil
}

// first reads the first n > 0 bytes of the newest object. A server that ignores the range and sends
// all of it is welcome here: the answer is of one version anyway.
func (s *Store) first(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(0, n-1); err != nil {
		return nil, fetch.Location{}, err
	}
	a, err := s.get(ctx, key, opts)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return s.empty(ctx, key)
	}
	if err != nil {
		return nil, fetch.Location{}, err
	}
	defer a.body.Close()
	want := min(n, a.loc.Size)
	if a.off != 0 || a.n < want {
		return nil, fetch.Location{}, fmt.Errorf("%w: bytes %d+%d of %d in the answer, asked for the first %d",
			fetch.ErrUnavailable, a.off, a.n, a.loc.Size, n)
	}
	// Not allocated beforehand: the size is only what the server says.
	p, err := io.ReadAll(io.LimitReader(a.body, want))
	if int64(len(p)) < want {
		return nil, fetch.Location{}, shortBody(int64(len(p)), want, err)
	}
	return p, a.loc, nil
}

// empty is called when there is no first byte to read.
func (s *Store) empty(ctx context.Context, key string) ([]byte, fetch.Location, error) {
	loc, _, err := s.head(ctx, key)
	if err == nil && loc.Size != 0 {
		err = fmt.Errorf("%w: no range is satisfiable of an object of %d bytes", fetch.ErrUnavailable, loc.Size)
	}
	return nil, loc, err
}

// errNoIdentity reports an answer that says too little to be held to anything.
var errNoIdentity = fmt.Errorf("%w: the answer has no ETag or no length", fetch.ErrUnavailable)
