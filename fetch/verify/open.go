package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Open returns the image pin of a store, after one request: for the manifest's descriptor and, with
// it, the top of the tree. A location that has only a URL takes its identity from the first answer.
//
// Errors match fetch.ErrCorrupt if the manifest is not pin's, fetch.ErrMalformed if it is and pinfs
// can not use it, else they are the store's.
func Open(ctx context.Context, store fetch.Store, pin fetch.Pin, imageAt, treeAt fetch.Location, cfg Config) (*Object, error) {
	head, treeAt, err := manifestHead(ctx, store, treeAt)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m, err := manifest.Parse(pin, head[:min(len(head), manifest.DescriptorSize)])
	if errors.Is(err, fetch.ErrMalformed) {
		return nil, fmt.Errorf("%s: %w", treeAt, err)
	}
	if err != nil {
		return nil, &CorruptError{treeAt, err}
	}
	if treeAt.Size != m.FileSize() {
		return nil, &CorruptError{treeAt, fmt.Errorf("manifest has %d bytes, want %d", treeAt.Size, m.FileSize())}
	}
	if imageAt.Size == 0 && imageAt.ETag == "" {
		imageAt.Size = m.Size()
	}
	if imageAt.Size != m.Size() {
		return nil, &CorruptError{imageAt, fmt.Errorf("location has %d bytes, %s has %d", imageAt.Size, pin, m.Size())}
	}
	image, err := store.Open(imageAt)
	if err != nil {
		return nil, err
	}
	file, err := store.Open(treeAt)
	if err != nil {
		return nil, err
	}
	o := New(m, imageAt, NewRemote(m, image, file, imageAt, treeAt), cfg)
	o.tree.seed(head)
	return o, nil
}

// manifestHead reads the descriptor and as much of the tree as one hash block.
func manifestHead(ctx context.Context, store fetch.Store, at fetch.Location) ([]byte, fetch.Location, error) {
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
