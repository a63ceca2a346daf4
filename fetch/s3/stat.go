package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// Stat returns where the newest object at key lies.
func (s *Store) Stat(ctx context.Context, key string) (loc fetch.Location, err error) {
	if err := wire.CheckKey(key); err != nil {
		return fetch.Location{}, err
	}
	err = s.withCredentials(ctx, func(ctx context.Context) (err error) {
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
	if err := wire.CheckKey(key); err != nil {
		return nil, fetch.Location{}, err
	}
	err = s.withCredentials(ctx, func(ctx context.Context) (err error) {
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
		return fetch.Location{}, "", wire.ErrNoIdentity
	}
	return fetch.Location{URL: s.objectURL(key), VersionID: info.VersionID, ETag: info.ETag, Size: info.Size},
		info.UserMetadata[markName], nil
}

// first reads the first n > 0 bytes of the newest object.
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
	defer a.Body.Close()
	p, err := a.First(n)
	if err != nil {
		return nil, fetch.Location{}, err
	}
	return p, a.Loc, nil
}

// empty is called when there is no first byte to read.
func (s *Store) empty(ctx context.Context, key string) ([]byte, fetch.Location, error) {
	loc, _, err := s.head(ctx, key)
	if err == nil && loc.Size != 0 {
		err = fmt.Errorf("%w: no range is satisfiable of an object of %d bytes", fetch.ErrUnavailable, loc.Size)
	}
	return nil, loc, err
}
