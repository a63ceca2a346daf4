package cache

import (
	"context"

	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Node implements verify.Origin.
func (im *Image) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	if p := im.cachedNode(ctx, n.Off); p != nil {
		b, err := im.m.CheckNode(n, parent, p)
		if err == nil {
			im.remember(n.Off, b)
			return b, nil
		}
		if !isZero(p) {
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
func (im *Image) cachedNode(ctx context.Context, off int64) []byte {
	p := make([]byte, im.m.LeafSize())
	err := im.within(ctx, func() error {
		f := im.open(false)
		if f == nil {
			return errAbsent
		}
		_, err := f.manifest.ReadAt(p, off)
		return err
	})
	if err != nil {
		return nil
	}
	return p
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
	im.mu.Lock()
	im.head = head.Bytes()
	im.mu.Unlock()
	im.change(ctx, int64(len(head.Bytes())), func(f *files) error {
		_, err := f.manifest.WriteAt(head.Bytes(), 0)
		return err
	})
}

// storeAgain writes what is in memory of the manifest; im.mu is held.
func (im *Image) storeAgain(f *files) error {
	_, err := f.manifest.WriteAt(im.head, 0)
	for off, b := range im.nodes {
		if err == nil {
			err = b.WriteAt(f.manifest, off)
		}
	}
	return err
}

// maxNodes is how many hash blocks are remembered: they lead to 32 GiB of image.
const maxNodes = 64

func (im *Image) remember(off int64, b manifest.HashBlock) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.nodes == nil {
		im.nodes = map[int64]manifest.HashBlock{}
	}
	if len(im.nodes) < maxNodes {
		im.nodes[off] = b
	}
}
