package s3

import (
	"context"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

var _ fetch.Parted = (*Store)(nil)

// uploadsPage is how many uploads are asked for at a time.
const uploadsPage = 1000

// Unfinished implements fetch.Parted. MinIO lists none below a prefix that is no whole key.
func (s *Store) Unfinished(ctx context.Context, prefix string) (all []fetch.Unfinished, err error) {
	var at struct{ key, id string }
	for {
		var page minio.ListMultipartUploadsResult
		err = s.withCredentials(ctx, func(ctx context.Context) (err error) {
			page, err = s.reads.ListMultipartUploads(ctx, s.cfg.Bucket, prefix, at.key, at.id, "", uploadsPage)
			return s.explain("list uploads to", s.objectURL(prefix), err)
		})
		if err != nil {
			return nil, err
		}
		for _, u := range page.Uploads {
			// Some servers encode keys although nobody asked for that.
			if key, err := url.QueryUnescape(u.Key); err == nil && page.EncodingType == "url" {
				u.Key = key
			}
			if strings.HasPrefix(u.Key, prefix) {
				all = append(all, fetch.Unfinished{Key: u.Key, ID: u.UploadID, Begun: u.Initiated})
			}
		}
		next := struct{ key, id string }{page.NextKeyMarker, page.NextUploadIDMarker}
		if !page.IsTruncated || next == at {
			return all, nil
		}
		at = next
	}
}

// Abort implements fetch.Parted.
func (s *Store) Abort(ctx context.Context, u fetch.Unfinished) error {
	return s.withCredentials(ctx, func(ctx context.Context) error {
		err := s.writes.AbortMultipartUpload(ctx, s.cfg.Bucket, u.Key, u.ID)
		if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
			return nil
		}
		return s.explain("abort the upload to", s.objectURL(u.Key), err)
	})
}
