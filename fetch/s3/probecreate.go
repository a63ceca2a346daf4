package s3

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

const (
	creators   = 8 // at the same time
	raceRounds = 3
)

// conditionalPut creates what is there already.
func (p *probe) conditionalPut(ctx context.Context) fetch.Finding {
	key := p.key("put")
	if _, err := p.create(ctx, key, []byte("first")); err != nil {
		return p.unclear(err)
	}
	_, err := p.create(ctx, key, []byte("second"))
	if err == nil {
		return fetch.Finding{Support: fetch.Ignored, Detail: "overwrites what is there"}
	}
	return p.kept(ctx, key, []byte("first"), err)
}

// kept is the finding when a condition was refused with err: honoured, if the object is still the same.
func (p *probe) kept(ctx context.Context, key string, want []byte, err error) fetch.Finding {
	if !lost(err) {
		return p.unclear(err)
	}
	got, err := p.read(ctx, key, minio.GetObjectOptions{})
	switch {
	case err != nil:
		return p.unclear(err)
	case !bytes.Equal(got, want):
		return fetch.Finding{Support: fetch.Ignored, Detail: "says that it refuses, and overwrites"}
	}
	return fetch.Finding{Support: fetch.Honoured}
}

// createRace has several create the same object at the same time. That it can go wrong is seen soon, not
// at once.
func (p *probe) createRace(ctx context.Context) fetch.Finding {
	for round := range raceRounds {
		if f := p.race(ctx, p.key(fmt.Sprintf("race%d", round))); f.Support != fetch.Honoured {
			return f
		}
	}
	return fetch.Finding{Support: fetch.Honoured, Detail: fmt.Sprintf("1 of %d won, each time", creators)}
}

func (p *probe) race(ctx context.Context, key string) fetch.Finding {
	content := func(i int) []byte { return fmt.Appendf(nil, "creator %d", i) }
	var (
		errs  [creators]error
		group sync.WaitGroup
	)
	for i := range errs {
		group.Go(func() { _, errs[i] = p.create(ctx, key, content(i)) })
	}
	group.Wait()
	winner, won := 0, 0
	var odd error
	for i, err := range errs {
		switch {
		case err == nil:
			winner, won = i, won+1
		case !lost(err):
			odd = err
		}
	}
	switch {
	case won > 1:
		return fetch.Finding{Support: fetch.Ignored, Detail: fmt.Sprintf("%d of %d won", won, creators)}
	case odd != nil: // it may have won
		return p.unclear(odd)
	case won == 0:
		return fetch.Finding{Support: fetch.Unknown, Detail: "nobody won"}
	}
	return p.kept(ctx, key, content(winner), fetch.ErrConflict)
}

// conditionalComplete completes an upload in parts where an object was put meanwhile.
func (p *probe) conditionalComplete(ctx context.Context) fetch.Finding {
	key, whole := p.key("parts"), []byte("meanwhile")
	id, part, err := p.uploadPart(ctx, key, []byte("part"))
	if err == nil {
		_, err = p.first(ctx, key, whole)
	}
	if err != nil {
		return p.unclear(err)
	}
	var opts minio.PutObjectOptions
	opts.SetMatchETagExcept("*")
	err = p.do(ctx, "probe", key, func(ctx context.Context) error {
		_, err := p.s.writes.CompleteMultipartUpload(ctx, p.s.cfg.Bucket, key, id, []minio.CompletePart{part}, opts)
		return err
	})
	if err == nil {
		return fetch.Finding{Support: fetch.Ignored, Detail: "overwrites what is there"}
	}
	return p.kept(ctx, key, whole, err)
}

// uploadPart begins an upload, which clean will end.
func (p *probe) uploadPart(ctx context.Context, key string, content []byte) (id string, part minio.CompletePart, err error) {
	err = p.do(ctx, "probe", key, func(ctx context.Context) (err error) {
		id, err = p.s.writes.NewMultipartUpload(ctx, p.s.cfg.Bucket, key, minio.PutObjectOptions{})
		return err
	})
	if err != nil {
		return "", part, err
	}
	p.mu.Lock()
	p.uploads[id] = key
	p.mu.Unlock()
	err = p.do(ctx, "probe", key, func(ctx context.Context) error {
		sent, err := p.s.writes.PutObjectPart(ctx, p.s.cfg.Bucket, key, id, 1, bytes.NewReader(content), int64(len(content)),
			minio.PutObjectPartOptions{Sha256Hex: hexSHA256(content), DisableContentSha256: true})
		part = minio.CompletePart{PartNumber: 1, ETag: sent.ETag}
		return err
	})
	return id, part, err
}
