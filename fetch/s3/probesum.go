package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// signedSHA256 sends other bytes than those whose hash is signed, as damage on the way would.
func (p *probe) signedSHA256(ctx context.Context) fetch.Finding {
	return p.wrong(ctx, "signed", hexSHA256([]byte("other")), minio.PutObjectOptions{})
}

func (p *probe) sha256(ctx context.Context) fetch.Finding {
	return p.wrongSum(ctx, "x-amz-checksum-sha256", make([]byte, 32))
}

func (p *probe) crc64nvme(ctx context.Context) fetch.Finding {
	return p.wrongSum(ctx, "x-amz-checksum-crc64nvme", make([]byte, 8))
}

// wrongSum sends a checksum that the content does not have.
func (p *probe) wrongSum(ctx context.Context, header string, sum []byte) fetch.Finding {
	return p.wrong(ctx, header, hexSHA256(summed), minio.PutObjectOptions{
		UserMetadata: map[string]string{header: base64.StdEncoding.EncodeToString(sum)},
	})
}

// summed is what is sent with wrong sums.
var summed = []byte("summed")

// wrong sends summed with a sum that it does not have: honoured means refused, and not stored.
func (p *probe) wrong(ctx context.Context, name, sum string, opts minio.PutObjectOptions) fetch.Finding {
	key := p.key(name)
	if !p.plain {
		opts.SetMatchETagExcept("*")
	}
	_, err := p.put(ctx, key, summed, sum, opts)
	if status := statusOf(err); err != nil && (status != http.StatusBadRequest || errors.Is(err, fetch.ErrDenied)) {
		return p.unclear(err)
	}
	_, readErr := p.read(ctx, key, minio.GetObjectOptions{})
	switch {
	case readErr == nil && err == nil:
		return fetch.Finding{Support: fetch.Ignored, Detail: "stores bytes with a wrong sum"}
	case readErr == nil:
		return fetch.Finding{Support: fetch.Ignored, Detail: "says that it refuses, and stores"}
	case !errors.Is(readErr, fetch.ErrNotFound) || err == nil:
		return p.unclear(readErr)
	}
	return fetch.Finding{Support: fetch.Honoured}
}

// objectLock asks whether the bucket can keep objects from being deleted. kept says that it keeps every one
// that is put, also those of a probe. It is the first request, so it fails if the server does not answer.
func (p *probe) objectLock(ctx context.Context) (f fetch.Finding, kept bool, err error) {
	var (
		enabled string
		mode    *minio.RetentionMode
	)
	err = p.do(ctx, "probe", p.run, func(ctx context.Context) (err error) {
		enabled, mode, _, _, err = p.s.reads.GetObjectLockConfig(ctx, p.s.cfg.Bucket)
		return err
	})
	var resp minio.ErrorResponse
	switch {
	case err == nil && mode != nil:
		return fetch.Finding{Support: fetch.Honoured, Detail: "by default: " + mode.String()}, true, nil
	case err == nil && enabled == "Enabled":
		return fetch.Finding{Support: fetch.Honoured}, false, nil
	case err == nil, errors.As(err, &resp) && resp.Code == noObjectLock:
		return fetch.Finding{Support: fetch.Absent}, false, nil
	}
	if statusOf(err) == 0 {
		return f, false, err
	}
	return p.unclear(err), false, nil
}

// Versioning returns what the bucket is set to do with what is overwritten: "Enabled", "Suspended" or "".
// Some servers honour less when they keep versions.
func (s *Store) Versioning(ctx context.Context) (status string, err error) {
	err = s.withCredentials(ctx, func(ctx context.Context) error {
		cfg, err := s.reads.GetBucketVersioning(ctx, s.cfg.Bucket)
		status = cfg.Status
		return s.explain("ask for the versioning of", s.URL(), err)
	})
	return status, err
}
