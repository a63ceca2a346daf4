package verify

import (
	"context"
	"errors"
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

// Head is the beginning of a manifest file, checked against its pin: what has to be known before
// anything else of an image can be verified.
type Head struct {
	*manifest.Manifest
	At   fetch.Location // of the manifest file
	head []byte         // descriptor and, as it comes along, the root of the tree
}

// ReadHead reads the head of the manifest of pin in one request. A location that has only a URL takes
// its identity from the answer.
//
// Errors match fetch.ErrCorrupt if the manifest is not pin's, fetch.ErrMalformed if it is and pinfs
// can not use it, else they are the store's.
func ReadHead(ctx context.Context, store Store, pin fetch.Pin, at fetch.Location) (Head, error) {
	head, at, err := manifestHead(ctx, store, at)
	if err != nil {
		return Head{}, fmt.Errorf("manifest: %w", err)
	}
	h, err := NewHead(pin, head)
	if errors.Is(err, fetch.ErrMalformed) {
		return Head{}, fmt.Errorf("%s: %w", at, err)
	}
	if err == nil && at.Size != h.FileSize() {
		err = fmt.Errorf("manifest has %d bytes, want %d", at.Size, h.FileSize())
	}
	if err != nil {
		return Head{}, &CorruptError{at, err}
	}
	h.At = at
	return h, nil
}

// NewHead checks the first bytes of a manifest file, of which it takes ownership, against the pin. Where
// they come from it does not know: At is left to the caller.
func NewHead(pin fetch.Pin, head []byte) (Head, error) {
	m, err := manifest.Parse(pin, head[:min(len(head), manifest.DescriptorSize)])
	return Head{Manifest: m, head: head}, err
}

// Bytes returns the first bytes of the manifest file: the descriptor, and perhaps the root of the tree,
// which is not verified yet. The caller must not change them.
func (h Head) Bytes() []byte { return h.head }

// Object makes an Object of the image's blocks; at says where it is read from in the first place.
func (h Head) Object(at fetch.Location, origin Origin, cfg Config) *Object {
	o := New(h.Manifest, at, origin, cfg)
	o.tree.seed(h.head)
	return o
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

// manifestHead reads the descriptor and as much of the tree as one hash block.
func manifestHead(ctx context.Context, store Store, at fetch.Location) ([]byte, fetch.Location, error) {
	const n = manifest.DescriptorSize + manifest.LeafSize
	if at.ETag == "" && at.Size == 0 {
		key, err := at.KeyIn(store.URL())
		if err != nil {
			return nil, at, err
		}
		return store.Get(ctx, key, n)
	}
	src, err := store.Open(at)
	if err != nil {
		return nil, at, err
	}
	p := make([]byte, min(n, at.Size))
	return p, at, src.ReadAt(ctx, p, 0)
}

// seed takes the root hash block from the head of the manifest file if it is there and right; if
// not, it is fetched when needed and judged then.
func (t *tree) seed(head []byte) {
	path := t.m.Path(0)
	if len(path) == 0 || int64(len(head)) < path[0].Off+int64(t.m.LeafSize()) {
		return
	}
	p := append([]byte(nil), head[path[0].Off:][:t.m.LeafSize()]...)
	if b, err := t.m.CheckNode(path[0], manifest.HashBlock{}, p); err == nil {
		t.blocks.put(path[0].Off, b)
	}
}
