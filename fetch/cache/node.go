package cache

import (
	"context"
	"maps"

	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Node implements verify.Origin.
func (im *Image) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	// What is wrong may only be half written: then it is read again while nobody writes.
	for i, read := range []func(*files, func() error) error{anyhow, im.alone} {
		p := im.cachedNode(ctx, n.Off, read)
		if p == nil {
			break
		}
		b, err := im.m.CheckNode(n, parent, p)
		if err == nil {
			im.remember(n.Off, b)
			return b, nil
		}
		if isZero(p) {
			break // a hole
		}
		if i == 1 {
			im.damage(err)
		}
	}
	b, err := im.next.Node(ctx, n, parent)
	if err == nil {
		im.storeNode(ctx, n, b)
	}
	return b, err
}

// cachedNode returns what is on disk in the place of a hash block, perhaps zeros; nil if nothing is.
func (im *Image) cachedNode(ctx context.Context, off int64, how func(*files, func() error) error) []byte {
	p, err := within(ctx, im, func() ([]byte, error) {
		f := im.open(false)
		if f == nil {
			return nil, errAbsent
		}
		p := make([]byte, im.m.LeafSize())
		return p, how(f, func() error { _, err := f.manifest.ReadAt(p, off); return err })
	})
	if err != nil {
		return nil
	}
	return p
}

// anyhow reads without looking for others.
func anyhow(_ *files, read func() error) error { return read() }

// alone reads while nobody changes the image.
func (im *Image) alone(f *files, read func() error) error {
	return f.change(int64(im.m.LeafSize()), read)
}

func isZero(p []byte) bool {
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}

func (im *Image) storeNode(ctx context.Context, n manifest.Node, b manifest.HashBlock) {
	im.remember(n.Off, b)
	im.change(ctx, int64(im.m.LeafSize()), func(f *files) error { return b.WriteAt(f.manifest, n.Off) })
}

// StoreHead keeps the beginning of the manifest file.
func (im *Image) StoreHead(ctx context.Context, head verify.Head) {
	im.kept.Lock()
	im.head = head.Bytes()
	im.kept.Unlock()
	im.change(ctx, int64(len(head.Bytes())), func(f *files) error {
		_, err := f.manifest.WriteAt(head.Bytes(), 0)
		return err
	})
}

// storeAgain writes what is in memory of the manifest.
func (im *Image) storeAgain(f *files) error {
	im.kept.Lock()
	head, nodes := im.head, maps.Clone(im.nodes)
	im.kept.Unlock()
	_, err := f.manifest.WriteAt(head, 0)
	for off, b := range nodes {
		if err == nil {
			err = b.WriteAt(f.manifest, off)
		}
	}
	return err
}

// maxNodes is how many hash blocks are remembered: they lead to 32 GiB of image.
const maxNodes = 64

func (im *Image) remember(off int64, b manifest.HashBlock) {
	im.kept.Lock()
	defer im.kept.Unlock()
	if im.nodes == nil {
		im.nodes = map[int64]manifest.HashBlock{}
	}
	if len(im.nodes) < maxNodes {
		im.nodes[off] = b
	}
}
