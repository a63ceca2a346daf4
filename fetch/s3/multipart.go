package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/pinfs/pinfs/fetch"
)

const (
	parallelParts = 4
	abortWithin   = 20 * time.Second
)

// multipart uploads in parts and puts them together under the condition that the key is free. It goes on
// where an earlier run was killed. Whatever else fails, no parts are left on the server.
func (u *upload) multipart(ctx context.Context) (info minio.UploadInfo, err error) {
	if id, has := u.resume(ctx); id != "" {
		var refused minio.ErrorResponse
		info, err = u.finish(ctx, id, has)
		if !errors.As(err, &refused) || refused.Code != minio.NoSuchUpload {
			return info, err
		}
	} // else somebody has ended it
	id, err := u.begin(ctx)
	if err != nil {
		return info, err
	}
	return u.finish(ctx, id, nil)
}

func (u *upload) begin(ctx context.Context) (id string, err error) {
	begin := func(ctx context.Context) (err error) {
		opts := minio.PutObjectOptions{UserMetadata: u.userMetadata()}
		id, err = u.store.writes.NewMultipartUpload(ctx, u.store.cfg.Bucket, u.key, opts)
		return u.explain(err)
	}
	err = retry(ctx, func() error { return u.store.withCredentials(ctx, begin) })
	return id, err
}

// finish sends the parts that are missing and puts all together.
func (u *upload) finish(ctx context.Context, id string, has map[int]minio.ObjectPart) (info minio.UploadInfo, err error) {
	parts, err := u.sendParts(ctx, id, has)
	if err == nil {
		info, err = u.complete(ctx, id, parts)
	}
	if err != nil {
		return info, u.abort(ctx, id, err)
	}
	return info, nil
}

// sendParts returns the parts in order once all are there; after an error it waits for those that
// are under way.
func (u *upload) sendParts(ctx context.Context, id string, has map[int]minio.ObjectPart) ([]minio.CompletePart, error) {
	partSize := u.store.cfg.partSize(u.size)
	parts := make([]minio.CompletePart, (u.size+partSize-1)/partSize)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelParts)
	for i := range parts {
		if ctx.Err() != nil {
			break
		}
		off := int64(i) * partSize
		group.Go(func() (err error) {
			parts[i], err = u.sendPart(ctx, id, i+1, off, min(partSize, u.size-off), has[i+1])
			return err
		})
	}
	return parts, group.Wait()
}

// partSize is the configured one unless that makes more parts than the protocol has numbers.
func (c Config) partSize(size int64) int64 {
	return max(c.PartSize, (size+maxParts-1)/maxParts)
}

// sendPart sends bytes off..off+n as part number, which counts from 1, unless that is what found is.
func (u *upload) sendPart(ctx context.Context, id string, number int, off, n int64, found minio.ObjectPart) (minio.CompletePart, error) {
	p, err := newPart(ctx, u.body, off, n)
	if err != nil {
		return minio.CompletePart{}, u.explain(err)
	}
	if p.has(found) {
		return minio.CompletePart{PartNumber: number, ETag: found.ETag}, nil
	}
	var sent minio.ObjectPart
	send := func(ctx context.Context) (err error) {
		r := p.reader()
		sent, err = u.store.writes.PutObjectPart(ctx, u.store.cfg.Bucket, u.key, id, number, r, n,
			minio.PutObjectPartOptions{Sha256Hex: p.sha256, DisableContentSha256: true})
		return u.explain(r.done(err))
	}
	err = retry(ctx, func() error { return u.store.withCredentials(ctx, send) })
	return minio.CompletePart{PartNumber: number, ETag: sent.ETag}, err
}

// retry calls op again as long as the server is unavailable, five times in about two seconds. Only
// what is safe to repeat and costs much to lose is retried here: the steps of an upload, whose
// outcome its mark settles, and its abort. All else belongs to the caller, who knows the deadline.
func retry(ctx context.Context, op func() error) error {
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := op()
		if !errors.Is(err, fetch.ErrUnavailable) || pause > time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (u *upload) complete(ctx context.Context, id string, parts []minio.CompletePart) (info minio.UploadInfo, err error) {
	var opts minio.PutObjectOptions
	opts.SetMatchETagExcept("*")
	finish := func(ctx context.Context) (err error) {
		info, err = u.store.writes.CompleteMultipartUpload(ctx, u.store.cfg.Bucket, u.key, id, parts, opts)
		return u.explain(err)
	}
	err = retry(ctx, func() error { return u.store.withCredentials(ctx, finish) })
	return info, err
}

// abort removes the parts, be ctx cancelled or not, and returns cause. After an unclear completion
// it also makes sure that it can not come into effect later.
func (u *upload) abort(ctx context.Context, id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWithin)
	defer cancel()
	err := retry(ctx, func() error {
		err := u.store.writes.AbortMultipartUpload(ctx, u.store.cfg.Bucket, u.key, id)
		if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
			return nil
		}
		return u.explain(err)
	})
	if err != nil {
		return fmt.Errorf("%w; parts are left on the server, upload id %s: %v", cause, id, err)
	}
	return cause
}
