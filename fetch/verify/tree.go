package verify

import (
	"context"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// treeBlocks bounds the hash blocks in memory: 64 of 128 KiB lead to 32 GiB of image.
const treeBlocks = 64

// tree fetches hash blocks when they are first needed and keeps the verified ones.
type tree struct {
	m      *manifest.Manifest
	origin Origin
	blocks *lru[manifest.HashBlock] // by offset in the manifest file
	flight flight[manifest.HashBlock]
}

func newTree(m *manifest.Manifest, origin Origin) *tree {
	return &tree{m: m, origin: origin, blocks: newLRU[manifest.HashBlock](treeBlocks)}
}

// parent returns the verified hash block that holds leaf's hash, or the zero one if there is no tree.
func (t *tree) parent(ctx context.Context, leaf int64) (parent manifest.HashBlock, err error) {
	for _, n := range t.m.Path(leaf) {
		if parent, err = t.block(ctx, n, parent); err != nil {
			return manifest.HashBlock{}, err
		}
	}
	return parent, nil
}

func (t *tree) block(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	return t.flight.unit(ctx, n.Off, fetcher[manifest.HashBlock]{
		cached: t.blocks.get,
		plan:   func(int64) int { return 1 },
		fetch: func(ctx context.Context, _ int64, _ int) []Result[manifest.HashBlock] {
			b, err := t.origin.Node(ctx, n, parent)
			return []Result[manifest.HashBlock]{{b, err}}
		},
		keep: t.blocks.put,
	})
}
