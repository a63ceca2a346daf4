package s3

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

var errOrder = errors.New("the server does not list in byte order")

// List yields the objects whose key starts with prefix, 1000 for each request, without version ids.
// Keys that no Store can have, such as the placeholders "dir/" of some tools, are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		ctx, asked := withNote(ctx)
		ask, some := askable(prefix)
		if !some {
			return
		}
		fetchOwner := false
		last := ""
		for info := range s.reads.ListObjectsIter(ctx, s.cfg.Bucket, minio.ListObjectsOptions{
			Prefix: ask, Recursive: true, FetchOwner: &fetchOwner,
		}) {
			if info.Err != nil {
				yield(fetch.Entry{}, asked.add(s.explain("list", s.objectURL(prefix), info.Err)))
				return
			}
			if wire.CheckKey(info.Key) != nil || !strings.HasPrefix(info.Key, prefix) {
				continue
			}
			if info.Key <= last {
				yield(fetch.Entry{}, fmt.Errorf("list %s: %q after %q: %w", s.objectURL(prefix), info.Key, last, errOrder))
				return
			}
			last = info.Key
			loc := fetch.Location{URL: s.objectURL(info.Key), ETag: info.ETag, Size: info.Size}
			if !yield(fetch.Entry{Key: info.Key, Location: loc, Modified: info.LastModified}, nil) {
				return
			}
		}
		// The library ends without a word when the context does.
		if err := ctx.Err(); err != nil {
			yield(fetch.Entry{}, s.explain("list", s.objectURL(prefix), err))
		}
	}
}

// askable returns what to ask a server for in place of prefix, and whether any key can begin with prefix.
// MinIO refuses to list what begins with a part "." or "..", although a key may be "..x".
func askable(prefix string) (ask string, some bool) {
	slash := strings.LastIndex(prefix, "/")
	if slash >= 0 && (prefix[:slash] == "." || !iofs.ValidPath(prefix[:slash])) {
		return "", false
	}
	if last := prefix[slash+1:]; last == "." || last == ".." {
		return prefix[:slash+1], true
	}
	return prefix, true
}
