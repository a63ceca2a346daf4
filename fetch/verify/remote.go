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
	runs            buffers
}

var _ Origin = (*Remote)(nil)

// NewRemote makes a Remote of an image's bytes and its manifest file; imageAt and treeAt name them in
// errors.
func NewRemote(m *manifest.Manifest, image, file fetch.Source, imageAt, treeAt fetch.Location) *Remote {
	return &Remote{m: m, image: image, file: file, imageAt: imageAt, treeAt: treeAt}
}

// Leaves implements Origin with one read of the image.
func (r *Remote) Leaves(ctx context.Context, index int64, n int, above Above) []Leaf {
	if n == 1 {
		l := make([]Leaf, 1)
		l[0].Value, l[0].Err = r.single(ctx, index, above)
		return l
	}
	off, _ := r.m.LeafRange(index)
	run := r.runs.take(int(min(int64(n)*int64(r.m.LeafSize()), r.m.Size()-off)))
	defer r.runs.give(run)
	if err := r.image.ReadAt(ctx, run, off); err != nil {
		return Failed(n, err)
	}
	return each(n, func(i int) (Block, error) {
		at, size := r.m.LeafRange(index + int64(i))
		// A copy, so that one leaf in a cache does not hold on to a whole run; what is checked is the copy.
		return r.leaf(ctx, index+int64(i), append([]byte(nil), run[at-off:][:size]...), above)
	})
}

// single reads leaf index.
func (r *Remote) single(ctx context.Context, index int64, above Above) (Block, error) {
	p, err := r.read(ctx, index)
	if err != nil {
		return Block{}, err
	}
	return r.leaf(ctx, index, p, above)
}

// read returns the unverified bytes of leaf index.
func (r *Remote) read(ctx context.Context, index int64) ([]byte, error) {
	off, size := r.m.LeafRange(index)
	p := make([]byte, size)
	return p, r.image.ReadAt(ctx, p, off)
}

// leaf makes p, which it takes ownership of, the Block of leaf index.
func (r *Remote) leaf(ctx context.Context, index int64, p []byte, above Above) (Block, error) {
	parent, err := above(ctx, index)
	if err != nil {
		return Block{}, err
	}
	first := true
	return twice(r.imageAt, func() (Block, error) {
		if !first {
			if p, err = r.read(ctx, index); err != nil {
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

// ProbeTree is Probe of the manifest file.
func (r *Remote) ProbeTree(ctx context.Context) error {
	return r.file.ReadAt(ctx, make([]byte, 1), 0)
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
