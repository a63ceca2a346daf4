package s3

import (
	"context"
	"io"
	"maps"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

var _ fetch.Annotated = (*Store)(nil)

// Metadata returns the user metadata of the object at loc, without what Create has noted there.
func (s *Store) Metadata(ctx context.Context, loc fetch.Location) (map[string]string, error) {
	r, err := s.open(loc)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	err = r.ask(ctx, func(ctx context.Context, opts minio.GetObjectOptions) error {
		info, err := s.reads.StatObject(ctx, s.cfg.Bucket, r.key, opts)
		if err != nil {
			return err
		}
		for name, value := range info.UserMetadata {
			found[strings.ToLower(name)] = value
		}
		return r.pinned.Hold(fetch.Location{URL: loc.URL, VersionID: info.VersionID, ETag: info.ETag, Size: info.Size})
	})
	if err != nil {
		return nil, err
	}
	delete(found, strings.ToLower(markName))
	return found, nil
}

// CreateWith is Create with user metadata.
func (s *Store) CreateWith(ctx context.Context, key string, body io.ReaderAt, size int64, metadata map[string]string) (fetch.Location, error) {
	return s.create(ctx, &upload{store: s, key: key, body: body, size: size, metadata: metadata})
}

// userMetadata is what the object gets: the caller's, and the mark.
func (u *upload) userMetadata() map[string]string {
	all := map[string]string{markName: u.mark}
	maps.Copy(all, u.metadata)
	return all
}
