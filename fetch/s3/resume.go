package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// resumable begins the keys at which an upload that did not end is gone on with. Elsewhere it may be
// somebody else's; there the content is that of the key.
const resumable = ".pinfs/images/"

// partsPage is how many parts are asked for at a time.
const partsPage = 1000

// resume looks for an upload to the same key that did not end, the newest one, and for the parts that it
// has. It is a courtesy: where it can not tell, a new one is begun.
func (u *upload) resume(ctx context.Context) (id string, parts map[int]minio.ObjectPart) {
	if !strings.HasPrefix(u.key, resumable) {
		return "", nil
	}
	uploads, err := u.store.Unfinished(ctx, u.key)
	if err != nil {
		return "", nil
	}
	var last fetch.Unfinished
	for _, found := range uploads {
		if found.Key == u.key && !found.Begun.Before(last.Begun) {
			last = found
		}
	}
	if last.ID == "" {
		return "", nil
	}
	if parts, err = u.parts(ctx, last.ID); err != nil {
		return "", nil
	}
	return last.ID, parts
}

// parts lists what an upload has, by number.
func (u *upload) parts(ctx context.Context, id string) (map[int]minio.ObjectPart, error) {
	all := map[int]minio.ObjectPart{}
	for marker := 0; ; {
		var page minio.ListObjectPartsResult
		err := u.store.withCredentials(ctx, func(ctx context.Context) (err error) {
			page, err = u.store.reads.ListObjectParts(ctx, u.store.cfg.Bucket, u.key, id, marker, partsPage)
			return u.explain(err)
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.ObjectParts {
			all[p.PartNumber] = p
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= marker {
			return all, nil
		}
		marker = page.NextPartNumberMarker
	}
}

// has reports whether the server has p as a part already. Its ETag is the MD5, or it is not known what it has.
func (p *part) has(found minio.ObjectPart) bool {
	if found.Size != p.n {
		return false
	}
	sum := md5.New()
	if _, err := io.Copy(sum, io.NewSectionReader(p.body, p.off, p.n)); err != nil {
		return false
	}
	return strings.Trim(found.ETag, `"`) == hex.EncodeToString(sum.Sum(nil))
}
