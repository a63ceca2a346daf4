package s3

import (
	"context"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// get sends one GET. The error is the client library's own; the caller closes the body.
func (s *Store) get(ctx context.Context, key string, opts minio.GetObjectOptions) (*wire.Answer, error) {
	body, info, header, err := s.reads.GetObject(ctx, s.cfg.Bucket, key, opts)
	if err != nil {
		return nil, err
	}
	if body == nil { // the library says so of some answers that are no errors for it
		return nil, wire.ErrNoIdentity
	}
	loc := fetch.Location{URL: s.objectURL(key), VersionID: info.VersionID, ETag: info.ETag}
	a, err := wire.NewAnswer(loc, header, body)
	if err != nil {
		body.Close()
		return nil, err
	}
	return a, nil
}
