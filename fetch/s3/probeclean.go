package s3

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	cleanWithin   = 20 * time.Second
	parallelClean = 8
	// maxVersions is more than a probe makes of one object.
	maxVersions = 100
	// probeStale is how old is what a probe can not need any more.
	probeStale = time.Hour
)

// clean removes all that this run has put, then what others have left behind long ago. Only the first is
// worth an error.
func (p *probe) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanWithin)
	defer cancel()
	now := p.storeTime(ctx)
	var group errgroup.Group
	group.SetLimit(parallelClean)
	for id, key := range p.uploads {
		group.Go(func() error { return p.abort(ctx, key, id) })
	}
	for _, key := range p.keys {
		group.Go(func() error { return p.remove(ctx, key) })
	}
	err := group.Wait()
	if !now.IsZero() {
		p.sweep(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("%w; remove what begins with %s", err, p.s.objectURL(p.run))
	}
	return nil
}

// storeTime is about now by the store's clock, zero if it does not tell.
func (p *probe) storeTime(ctx context.Context) (now time.Time) {
	for e, err := range p.s.List(ctx, p.run) {
		if err != nil {
			return time.Time{}
		}
		if e.Modified.After(now) {
			now = e.Modified
		}
	}
	return now
}

// remove deletes all versions at key, the newest first, so that no delete marker comes about.
func (p *probe) remove(ctx context.Context, key string) error {
	for range maxVersions {
		gone := false
		err := retry(ctx, func() error {
			return p.do(ctx, "remove", key, func(ctx context.Context) error {
				loc, _, err := p.s.head(ctx, key)
				if gone = statusOf(err) == http.StatusNotFound; gone || err != nil {
					return ignoring(err, gone)
				}
				return p.s.writes.RemoveObject(ctx, p.s.cfg.Bucket, key, minio.RemoveObjectOptions{VersionID: loc.VersionID})
			})
		})
		if gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("remove %s: there is something still after %d times", p.s.objectURL(key), maxVersions)
}

func ignoring(err error, ignored bool) error {
	if ignored {
		return nil
	}
	return err
}

// abort ends an upload in parts, unless it has ended.
func (p *probe) abort(ctx context.Context, key, id string) error {
	return retry(ctx, func() error {
		return p.do(ctx, "abort the upload to", key, func(ctx context.Context) error {
			err := p.s.writes.AbortMultipartUpload(ctx, p.s.cfg.Bucket, key, id)
			return ignoring(err, minio.ToErrorResponse(err).Code == minio.NoSuchUpload)
		})
	})
}

// sweep is a courtesy; what it can not do the next one tries.
func (p *probe) sweep(ctx context.Context, now time.Time) {
	stale := func(t time.Time) bool { return !t.IsZero() && now.Sub(t) > probeStale }
	for e, err := range p.s.List(ctx, p.prefix) {
		if err != nil {
			break
		}
		if stale(e.Modified) {
			_ = p.remove(ctx, e.Key)
		}
	}
	uploads, err := p.s.writes.ListMultipartUploads(ctx, p.s.cfg.Bucket, p.prefix, "", "", "", maxVersions)
	if err != nil {
		return
	}
	for _, u := range uploads.Uploads {
		if strings.HasPrefix(u.Key, p.prefix) && stale(u.Initiated) {
			_ = p.abort(ctx, u.Key, u.UploadID)
		}
	}
}
