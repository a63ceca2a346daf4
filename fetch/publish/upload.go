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
	b := p.newBody(ctx, f.Name(), local{f, f.size}, tree)
	defer b.object.Close()
	at.image, uploaded, err = p.put(ctx, record.ImageKey(tree.Pin()), b, f.size)
	if changed := b.changed.Load(); changed != nil {
		return at, false, *changed
	}
	if err != nil {
		return at, false, fmt.Errorf("image: %w", err)
	}
	if at.manifest, err = p.putManifest(ctx, tree); err != nil {
		return at, false, err
	}
	return at, uploaded, advise(p.readBack(ctx, tree.Pin(), at))
}

func (p *publication) putManifest(ctx context.Context, tree *manifest.Built) (fetch.Location, error) {
	file := tree.Bytes()
	at, _, err := p.put(ctx, record.ManifestKey(tree.Pin()), bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return at, fmt.Errorf("manifest: %w", err)
	}
	return at, nil
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

// advise names the object that is in the way of its pin. What was sent is what was hashed, so the
// store has it wrong; it is not removed here, because the bytes may be wrong for this machine alone.
func advise(err error) error {
	var corrupt *verify.CorruptError
	var overwritten *fetch.OverwrittenError
	switch {
	case errors.As(err, &corrupt):
		return fmt.Errorf("read back: %w: delete %s and publish again", err, corrupt.Location.URL)
	case errors.As(err, &overwritten):
		return fmt.Errorf("read back: %w: delete %s and publish again", err, overwritten.Want.URL)
	case err != nil:
		return fmt.Errorf("read back: %w", err)
	}
	return nil
}
