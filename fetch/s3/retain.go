package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

var _ fetch.Retaining = (*Store)(nil)

// CanRetain fails unless the bucket was made with object lock; that can not be turned on for what is there.
func (s *Store) CanRetain(ctx context.Context) error {
	var enabled string
	err := s.withCredentials(ctx, func(ctx context.Context) (err error) {
		enabled, _, _, _, err = s.reads.GetObjectLockConfig(ctx, s.cfg.Bucket)
		return s.explain("ask for the object lock of", s.URL(), err)
	})
	var resp minio.ErrorResponse
	if errors.As(err, &resp) && resp.Code == noObjectLock || err == nil && enabled != "Enabled" {
		return fmt.Errorf("%s has no object lock, so nothing can be retained there: make a bucket with object lock", s.URL())
	}
	return err
}

// noObjectLock is the error code of a bucket without.
const noObjectLock = "ObjectLockConfigurationNotFoundError"

// retainUntil is the header that tells until when an object is kept, to who may know.
const retainUntil = "X-Amz-Object-Lock-Retain-Until-Date"

// Retain implements fetch.Retaining, in governance mode: only who has the right to bypass that may delete
// the version before.
func (s *Store) Retain(ctx context.Context, loc fetch.Location, until time.Time) error {
	key, err := loc.KeyIn(s.URL())
	if err != nil {
		return err
	}
	until = until.UTC().Truncate(time.Second) // servers know no less
	return s.withCredentials(ctx, func(ctx context.Context) error {
		info, err := s.reads.StatObject(ctx, s.cfg.Bucket, key, minio.GetObjectOptions{VersionID: loc.VersionID})
		if err != nil {
			return s.explain("retain", loc.URL, err)
		}
		// Not every server answers GetObjectRetention as the client wants it.
		if kept, err := time.Parse(time.RFC3339, info.Metadata.Get(retainUntil)); err == nil && !kept.Before(until) {
			return nil
		}
		mode := minio.Governance
		err = s.writes.PutObjectRetention(ctx, s.cfg.Bucket, key, minio.PutObjectRetentionOptions{
			Mode: &mode, RetainUntilDate: &until, VersionID: loc.VersionID,
		})
		return s.explain("retain", loc.URL, err)
	})
}
