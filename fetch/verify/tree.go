package verify

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// treeBlocks bounds the hash blocks in memory: 64 of 128 KiB lead to 32 GiB of image.
const treeBlocks = 64

// tree fetches hash blocks when they are first needed and keeps the verified ones.
type tree struct {
	m      *manifest.Manifest
	src    fetch.Source
	at     fetch.Location
	blocks *lru[manifest.HashBlock] // by offset in the manifest file
	flight flight[manifest.HashBlock]
}

func newTree(m *manifest.Manifest, src fetch.Source, at fetch.Location) *tree {
	return &tree{m: m, src: src, at: at, blocks: newLRU[manifest.HashBlock](treeBlocks)}
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
		fetch: func(ctx context.Context, _ int64, _ int) []result[manifest.HashBlock] {
			b, err := t.fetch(ctx, n, parent)
			return []result[manifest.HashBlock]{{b, err}}
		},
		keep: t.blocks.put,
	})
}

// fetch reads a hash block, and once more if it is not what it must be.
func (t *tree) fetch(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	return twice(t.at, func() (manifest.HashBlock, error) {
		p := make([]byte, t.m.LeafSize())
		if err := t.src.ReadAt(ctx, p, n.Off); err != nil {
			return manifest.HashBlock{}, err
		}
		return t.m.CheckNode(n, parent, p)
	})
}
