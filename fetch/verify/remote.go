package verify

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Remote is an Origin over the untrusted bytes of an image and its manifest file. What is not as the
// pin demands it reads once more before it says so: a flaw of the transport heals, one of the source
// does not.
type Remote struct {
	m               *manifest.Manifest
	image, file     fetch.Source
	imageAt, treeAt fetch.Location // names in errors
}

var _ Origin = (*Remote)(nil)

// NewRemote makes a Remote of an image's bytes and its manifest file; imageAt and treeAt name them in
// errors.
func NewRemote(m *manifest.Manifest, image, file fetch.Source, imageAt, treeAt fetch.Location) *Remote {
	return &Remote{m, image, file, imageAt, treeAt}
}

// Leaves implements Origin with one read of the image.
func (r *Remote) Leaves(ctx context.Context, index int64, n int, above Above) []Leaf {
	p, err := r.read(ctx, index, n)
	if err != nil {
		return Failed(n, err)
	}
	leaves := make([]Leaf, n)
	for i := range leaves {
		_, size := r.m.LeafRange(index + int64(i))
		leaves[i].Value, leaves[i].Err = r.leaf(ctx, index+int64(i), p[:size:size], above, n > 1)
		p = p[size:]
	}
	return leaves
}

// read returns the unverified bytes of n leaves.
func (r *Remote) read(ctx context.Context, index int64, n int) ([]byte, error) {
	off, _ := r.m.LeafRange(index)
	size := min(int64(n)*int64(r.m.LeafSize()), r.m.Size()-off)
	p := make([]byte, size)
	return p, r.image.ReadAt(ctx, p, off)
}

// leaf makes p the Block of leaf index. A shared p is copied, so that one leaf in a cache does not
// hold on to a whole run.
func (r *Remote) leaf(ctx context.Context, index int64, p []byte, above Above, shared bool) (Block, error) {
	parent, err := above(ctx, index)
	if err != nil {
		return Block{}, err
	}
	if shared {
		p = append([]byte(nil), p...)
	}
	first := true
	return twice(r.imageAt, func() (Block, error) {
		if !first {
			if p, err = r.read(ctx, index, 1); err != nil {
				return Block{}, err
			}
		}
		first = false
		b, err := Check(r.m, index, parent, p)
		return judge(r.image, b, err)
	})
}

// Probe asks for a byte of the image, to see that it is still what was pinned.
func (r *Remote) Probe(ctx context.Context) error {
	return r.image.ReadAt(ctx, make([]byte, min(1, r.m.Size())), 0)
}

// Node implements Origin with one read of the manifest file.
func (r *Remote) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	return twice(r.treeAt, func() (manifest.HashBlock, error) {
		p := make([]byte, r.m.LeafSize())
		if err := r.file.ReadAt(ctx, p, n.Off); err != nil {
			return manifest.HashBlock{}, err
		}
		b, err := r.m.CheckNode(n, parent, p)
		return judge(r.file, b, err)
	})
}
