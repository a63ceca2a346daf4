package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// markName is the user metadata by which a Create recognises its own object when the answer to
// its request was lost.
const markName = "Pinfs-Create"

// Create uploads body under the condition that nothing is at key: with one request, or in parts
// when it is larger than Config.PartSize. It looks first, so that gigabytes are not sent in vain
// and a server that ignores conditions is hardly ever asked to overwrite something; on such a
// server simultaneous creators may all win, and only the next read tells.
func (s *Store) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	return s.create(ctx, &upload{store: s, key: key, body: body, size: size})
}

func (s *Store) create(ctx context.Context, u *upload) (fetch.Location, error) {
	if err := wire.CheckKey(u.key); err != nil {
		return fetch.Location{}, err
	}
	if u.size < 0 {
		return fetch.Location{}, fmt.Errorf("create %s: negative size %d", s.objectURL(u.key), u.size)
	}
	if _, _, err := s.head(ctx, u.key); err == nil {
		return fetch.Location{}, s.taken(u.key)
	}
	u.mark = rand.Text()
	send := u.single
	if u.size > s.cfg.PartSize {
		send = u.multipart
	}
	info, err := send(ctx)
	if err != nil || info.ETag == "" {
		return u.settle(ctx, err)
	}
	return fetch.Location{URL: s.objectURL(u.key), VersionID: info.VersionID, ETag: info.ETag, Size: u.size}, nil
}

func (s *Store) taken(key string) error {
	return fmt.Errorf("create %s: %w: there is an object already", s.objectURL(key), fetch.ErrConflict)
}

// upload is one Create under way.
type upload struct {
	store *Store
	key   string
	body  io.ReaderAt
	size  int64
	mark  string // random; tells this Create's object from others

	metadata map[string]string // the caller's
}

// options are those of the request that makes the object visible.
func (u *upload) options() minio.PutObjectOptions {
	opts := minio.PutObjectOptions{
		UserMetadata: u.userMetadata(),
		// The hash of the whole body is signed; the alternative is one signature for each chunk.
		DisableContentSha256: true,
	}
	opts.SetMatchETagExcept("*")
	return opts
}

func (u *upload) explain(err error) error {
	return u.store.explain("create", u.store.objectURL(u.key), err)
}

// single uploads everything with one request.
func (u *upload) single(ctx context.Context) (info minio.UploadInfo, err error) {
	p, err := newPart(ctx, u.body, 0, u.size)
	if err != nil {
		return info, u.explain(err)
	}
	send := func(ctx context.Context) (err error) {
		r := p.reader()
		info, err = u.store.writes.PutObject(ctx, u.store.cfg.Bucket, u.key, r, u.size, "", p.sha256, u.options())
		return u.explain(r.done(err))
	}
	err = retry(ctx, func() error {
		return undenied(func() error { return u.store.withCredentials(ctx, send) })
	})
	return info, err
}

// deniedTries is how often a PUT is sent that is denied. MinIO keeps objects in directories and removes one
// with the last object in it; a PUT to it at that moment it tries twice, and then says AccessDenied.
const deniedTries = 3

func undenied(put func() error) (err error) {
	for range deniedTries {
		var resp minio.ErrorResponse
		if err = put(); !errors.As(err, &resp) || resp.Code != minio.AccessDenied {
			break
		}
	}
	return err
}

// settle looks for the mark when the outcome is not certain: a lost answer, one without an ETag (Ceph
// gives none when parts are put together), or a refusal that only tells of our own object.
func (u *upload) settle(ctx context.Context, err error) (fetch.Location, error) {
	if err != nil && !errors.Is(err, fetch.ErrConflict) && !errors.Is(err, fetch.ErrUnavailable) {
		return fetch.Location{}, err
	}
	loc, mark, headErr := u.store.head(ctx, u.key)
	switch {
	case headErr == nil && mark == u.mark:
		return loc, nil
	case headErr == nil && (err == nil || errors.Is(err, fetch.ErrConflict)):
		return fetch.Location{}, u.store.taken(u.key)
	case err == nil:
		return fetch.Location{}, u.explain(wire.ErrNoIdentity)
	case errors.Is(err, fetch.ErrConflict) && minio.ToErrorResponse(headErr).Code == minio.NoSuchKey:
		return fetch.Location{}, fmt.Errorf("%w; nothing is visible there, so a delete marker may block the key: delete the marker", err)
	}
	return fetch.Location{}, err
}
