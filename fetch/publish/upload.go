package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// places is where an image and its manifest lie.
type places struct{ image, manifest fetch.Location }

// upload sees to it that the store has the image and its manifest, and reads both back, whoever put
// them there: size is no reason to trust.
func (p *publication) upload(ctx context.Context, f *image, tree *manifest.Built) (at places, uploaded bool, err error) {
	key := record.ImageKey(tree.Pin())
	body := &countedAt{f, func(n int64) { p.Progress(Uploading, n, f.size) }}
	at.image, uploaded, err = p.put(ctx, key, body, f.size)
	if err != nil {
		return at, false, fmt.Errorf("image: %w", err)
	}
	if err := f.unchanged(); err != nil {
		return at, false, p.takeBack(ctx, key, uploaded, err)
	}
	file := tree.Bytes()
	at.manifest, _, err = p.put(ctx, record.ManifestKey(tree.Pin()), bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return at, false, fmt.Errorf("manifest: %w", err)
	}
	if err := p.readBack(ctx, tree.Pin(), at); err != nil {
		return at, false, p.takeBack(ctx, key, uploaded, fmt.Errorf("read back: %w", err))
	}
	return at, uploaded, nil
}

// put creates an object, or finds the one that is there.
func (p *publication) put(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, bool, error) {
	at, err := p.store.Stat(ctx, key)
	if err == nil {
		return at, false, nil
	}
	if !errors.Is(err, fetch.ErrNotFound) {
		return at, false, err
	}
	at, err = p.store.Create(ctx, key, body, size)
	if errors.Is(err, fetch.ErrConflict) { // somebody was faster with the same content
		at, err = p.store.Stat(ctx, key)
		return at, false, err
	}
	return at, err == nil, err
}

// readBack verifies everything that the store holds now, by the identity that the record will name.
func (p *publication) readBack(ctx context.Context, pin fetch.Pin, at places) error {
	o, err := verify.Open(ctx, p.store, pin, at.image, at.manifest, verify.Config{})
	if err != nil {
		return err
	}
	defer o.Close()
	return o.Scan(ctx, func(n int64) { p.Progress(Checking, n, o.Size()) })
}

// takeBack removes wrong bytes that this run put at the content-addressed key: a file that changed
// between the passes would else block the key for the right one. What others put there is theirs.
func (p *publication) takeBack(ctx context.Context, key string, uploaded bool, cause error) error {
	wrong := errors.Is(cause, fetch.ErrCorrupt) || errors.Is(cause, fetch.ErrConflict)
	if !wrong {
		return cause
	}
	if !uploaded {
		return fmt.Errorf("%w: the object was there before this run; delete %s/%s and publish again", cause, p.store.URL(), key)
	}
	if err := p.store.Remove(context.WithoutCancel(ctx), key); err != nil {
		return fmt.Errorf("%w; and it could not be removed again: %w", cause, err)
	}
	return cause
}

// countedAt reports what a store has read of the body.
type countedAt struct {
	io.ReaderAt
	step func(n int64)
}

func (c *countedAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.step(int64(n))
	return n, err
}
