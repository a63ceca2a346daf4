package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Head is the beginning of a manifest file, checked against its pin: what has to be known before
// anything else of an image can be verified.
type Head struct {
	*manifest.Manifest
	At   fetch.Location     // of the manifest file
	head []byte             // descriptor and, if it came along and is right, the root of the tree
	root manifest.HashBlock // the zero one if it did not come along
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
	if err != nil {
		return Head{}, err
	}
	h := Head{Manifest: m, head: head[:manifest.DescriptorSize]}
	if root, end := rootIn(m, head); !root.IsZero() {
		h.root, h.head = root, head[:end]
	}
	return h, nil
}

// rootIn returns the root of the tree from the head of a manifest file, and where it ends. It is the
// zero one if it is not there or wrong: then it is fetched when it is needed, and judged.
func rootIn(m *manifest.Manifest, head []byte) (root manifest.HashBlock, end int64) {
	path := m.Path(0)
	if len(path) == 0 {
		return root, 0
	}
	begin := path[0].Off
	if end = begin + int64(m.LeafSize()); end > int64(len(head)) {
		return root, 0
	}
	root, err := m.CheckNode(path[0], root, append([]byte(nil), head[begin:end]...))
	if err != nil {
		return manifest.HashBlock{}, 0
	}
	return root, end
}

// Bytes returns the first bytes of the manifest file: the descriptor and perhaps the root of the tree.
// The caller must not change them.
func (h Head) Bytes() []byte { return h.head }

// Object makes an Object of the image's blocks; at says where it is read from in the first place.
func (h Head) Object(at fetch.Location, origin Origin, cfg Config) *Object {
	o := New(h.Manifest, at, origin, cfg)
	o.tree.seed(h.root)
	return o
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
