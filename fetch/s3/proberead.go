package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// ifMatch reads a range of an object under the ETag of the one that was there before.
func (p *probe) ifMatch(ctx context.Context) fetch.Finding {
	key := p.key("match")
	old, err := p.first(ctx, key, []byte("old"))
	if err != nil {
		return p.unclear(err)
	}
	now, err := p.overwrite(ctx, key, []byte("new"))
	if err != nil {
		return p.unclear(err)
	}
	if _, err := p.read(ctx, key, matching(now.ETag)); err != nil {
		f := p.unclear(err)
		f.Detail = "refuses a condition that holds: " + f.Detail
		return f
	}
	_, err = p.read(ctx, key, matching(old.ETag))
	switch {
	case err == nil:
		return fetch.Finding{Support: fetch.Ignored, Detail: "sends other bytes than those asked for"}
	case statusOf(err) == http.StatusPreconditionFailed:
		return fetch.Finding{Support: fetch.Honoured}
	}
	return p.unclear(err)
}

func matching(etag string) (opts minio.GetObjectOptions) {
	_ = opts.SetMatchETag(etag) // without one the server could not honour it
	return opts
}

// versions reads what was overwritten.
func (p *probe) versions(ctx context.Context) fetch.Finding {
	key := p.key("version")
	old, err := p.first(ctx, key, []byte("old"))
	if err == nil {
		_, err = p.overwrite(ctx, key, []byte("new"))
	}
	if err != nil {
		return p.unclear(err)
	}
	if old.VersionID == "" || old.VersionID == "null" {
		return fetch.Finding{Support: fetch.Absent, Detail: "the bucket keeps no versions"}
	}
	got, err := p.read(ctx, key, minio.GetObjectOptions{VersionID: old.VersionID})
	switch {
	case err != nil:
		return p.unclear(err)
	case string(got) != "old":
		return fetch.Finding{Support: fetch.Ignored, Detail: "sends another version"}
	}
	return fetch.Finding{Support: fetch.Honoured}
}

// listRounds is how often it is looked whether a list shows what was just put.
const listRounds = 3

// listAfterPut lists at once after a put.
func (p *probe) listAfterPut(ctx context.Context) fetch.Finding {
	for i := range listRounds {
		key := p.key(fmt.Sprintf("list%d", i))
		if _, err := p.first(ctx, key, []byte("listed")); err != nil {
			return p.unclear(err)
		}
		n := 0
		for _, err := range p.s.List(ctx, p.run+"list") {
			if errors.Is(err, errOrder) {
				return fetch.Finding{Support: fetch.Ignored, Detail: "not in byte order"}
			} else if err != nil {
				return p.unclear(err)
			}
			n++
		}
		if n != i+1 {
			return fetch.Finding{Support: fetch.Ignored, Detail: fmt.Sprintf("lists %d of %d objects", n, i+1)}
		}
	}
	return fetch.Finding{Support: fetch.Honoured}
}

// maxSkew is from when on servers refuse signed requests.
const maxSkew = 15 * time.Minute

// clock compares the time that an object was given with ours.
func (p *probe) clock(ctx context.Context) fetch.Finding {
	key := p.key("clock")
	if _, err := p.first(ctx, key, []byte("now")); err != nil {
		return p.unclear(err)
	}
	now := time.Now()
	for e, err := range p.s.List(ctx, key) {
		if err != nil {
			return p.unclear(err)
		}
		return fetch.ClockFinding(e.Modified.Sub(now), maxSkew)
	}
	return fetch.Finding{Support: fetch.Unknown, Detail: "it is not listed"}
}
