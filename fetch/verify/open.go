package verify

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Store is the part of a fetch.Store that is needed to read an image.
type Store interface {
	URL() string
	Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error)
	Open(loc fetch.Location) (fetch.Source, error)
}

// Open returns the image pin of a store, after one request: for the head of its manifest. A location
// that has only a URL takes its identity from the first answer. Errors are those of ReadHead and of
// OpenRemote.
func Open(ctx context.Context, store Store, pin fetch.Pin, imageAt, treeAt fetch.Location, cfg Config) (*Object, error) {
	h, err := ReadHead(ctx, store, pin, treeAt)
	if err != nil {
		return nil, err
	}
	r, err := OpenRemote(h.Manifest, store, imageAt, h.At)
	if err != nil {
		return nil, err
	}
	return h.Object(r.imageAt, r, cfg), nil
}

// OpenRemote makes a Remote of the image and the manifest file that a store has at imageAt and treeAt,
// without a request. Locations that have only a URL take their identity from the first answers;
// without a treeAt the Remote has no hash blocks. The error matches fetch.ErrCorrupt if a location is
// not of m's size.
func OpenRemote(m *manifest.Manifest, store Store, imageAt, treeAt fetch.Location) (*Remote, error) {
	image, imageAt, err := openSized(store, imageAt, m.Size(), m.Pin())
	if err != nil {
		return nil, err
	}
	if l, ok := image.(*learning); ok && treeAt.URL != "" {
		l.ifMissing = "; an image that was adopted lies elsewhere, its record knows where: write NAME@PIN"
	}
	if treeAt.URL == "" {
		return NewRemote(m, image, absent{}, imageAt, imageAt), nil
	}
	file, treeAt, err := openSized(store, treeAt, m.FileSize(), m.Pin())
	if err != nil {
		return nil, err
	}
	return NewRemote(m, image, file, imageAt, treeAt), nil
}

// openSized opens what must have so many bytes.
func openSized(store Store, at fetch.Location, size int64, pin fetch.Pin) (fetch.Source, fetch.Location, error) {
	if at.Size == 0 && at.ETag == "" {
		at.Size = size
	}
	if at.Size != size {
		return nil, at, &CorruptError{at, fmt.Errorf("location has %d bytes, %s has %d", at.Size, pin, size)}
	}
	if at.ETag == "" && at.VersionID == "" {
		src, err := newLearning(store, at)
		return src, at, err
	}
	src, err := store.Open(at)
	return src, at, err
}

// absent is the manifest file of a source that has none.
type absent struct{}

func (absent) Size() int64 { return 0 }

func (absent) ReadAt(context.Context, []byte, int64) error {
	return fmt.Errorf("%w: this source has no manifest", fetch.ErrNotFound)
}
