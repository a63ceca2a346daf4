package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// do sends one request of a probe unless ctx has ended.
func (p *probe) do(ctx context.Context, op, key string, send func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeWithin)
	defer cancel()
	return p.s.withCredentials(ctx, func(ctx context.Context) error {
		return p.s.explain(op, p.s.objectURL(key), send(ctx))
	})
}

// create puts an object under the condition that there is none; unlike Store.Create it does not look first.
func (p *probe) create(ctx context.Context, key string, content []byte) (minio.UploadInfo, error) {
	var opts minio.PutObjectOptions
	opts.SetMatchETagExcept("*")
	return p.put(ctx, key, content, hexSHA256(content), opts)
}

// first puts an object where none is: as create where that is possible, since a policy may demand it.
func (p *probe) first(ctx context.Context, key string, content []byte) (minio.UploadInfo, error) {
	if p.plain {
		return p.overwrite(ctx, key, content)
	}
	return p.create(ctx, key, content)
}

// overwrite puts an object whatever is there.
func (p *probe) overwrite(ctx context.Context, key string, content []byte) (minio.UploadInfo, error) {
	return p.put(ctx, key, content, hexSHA256(content), minio.PutObjectOptions{})
}

// put signs sum, which may be a wrong one.
func (p *probe) put(ctx context.Context, key string, content []byte, sum string, opts minio.PutObjectOptions) (info minio.UploadInfo, err error) {
	opts.DisableContentSha256 = true // what is signed is sum
	err = p.do(ctx, "probe", key, func(ctx context.Context) (err error) {
		info, err = p.s.writes.PutObject(ctx, p.s.cfg.Bucket, key, bytes.NewReader(content), int64(len(content)), "", sum, opts)
		return err
	})
	return info, err
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// read returns the first bytes of an object.
func (p *probe) read(ctx context.Context, key string, opts minio.GetObjectOptions) (content []byte, err error) {
	const n = 100 // there are fewer
	if err := opts.SetRange(0, n-1); err != nil {
		return nil, err
	}
	err = p.do(ctx, "probe", key, func(ctx context.Context) error {
		a, err := p.s.get(ctx, key, opts)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		content, err = a.First(n)
		return err
	})
	return content, err
}

// statusOf is the HTTP status of the answer that err is about, 0 if there was none.
func statusOf(err error) int {
	var resp minio.ErrorResponse
	errors.As(err, &resp)
	return resp.StatusCode
}

// lost reports that a request was refused because somebody else's came first. Amazon says 409 to those who
// come at the same time.
func lost(err error) bool {
	return errors.Is(err, fetch.ErrConflict) || statusOf(err) == http.StatusConflict
}

// unclear is the finding when a request failed in a way that says nothing of what it asks for.
func (p *probe) unclear(err error) fetch.Finding {
	support := fetch.Refused
	switch fetch.VerdictOf(err) {
	case fetch.ErrUnavailable, fetch.ErrDenied:
		support = fetch.Unknown
	}
	var resp *responseError
	switch {
	case errors.As(err, &resp):
		return fetch.Finding{Support: support, Detail: resp.Error()}
	case errors.Is(err, context.Canceled):
		return fetch.Finding{Support: fetch.Unknown, Detail: "interrupted"}
	}
	return fetch.Finding{Support: fetch.Unknown, Detail: "no proper answer"}
}
