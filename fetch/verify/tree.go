package verify

import (
	"context"
	"time"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// treeBlocks bounds the hash blocks in memory: 64 of 128 KiB lead to 32 GiB of image.
const treeBlocks = 64

// tree fetches hash blocks when they are first needed and keeps the verified ones.
type tree struct {
	m      *manifest.Manifest
	origin Origin
	blocks *memory[manifest.HashBlock] // by offset in the manifest file
	flight flight[manifest.HashBlock]
}

func newTree(m *manifest.Manifest, origin Origin) *tree {
	return &tree{m: m, origin: origin, blocks: byUse[manifest.HashBlock](treeBlocks)}
}

// seed takes the root hash block, unless it is the zero one.
func (t *tree) seed(root manifest.HashBlock) {
	if !root.IsZero() {
		t.blocks.put(t.m.Path(0)[0].Off, root)
	}
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
	b, _, err := t.flight.unit(ctx, n.Off, fetcher[manifest.HashBlock]{
		cached: t.blocks.get,
		plan:   func(int64) int { return 1 },
		fetch: func(ctx context.Context, _ int64, _ int) []Result[manifest.HashBlock] {
			b, err := t.origin.Node(ctx, n, parent)
			return []Result[manifest.HashBlock]{{b, err}}
		},
		keep: t.blocks.put,
	})
	return b, err
}

// ahead fetches the hash blocks above a leaf that is going to be asked for soon, if they are not at hand.
// Nobody waits for that: whoever needs a block that could not be had learns why.
func (t *tree) ahead(ctx context.Context, leaf int64) {
	path := t.m.Path(leaf)
	if len(path) == 0 {
		return
	}
	if _, ok := t.blocks.get(path[len(path)-1].Off); ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aheadFor)
	t.flight.running.Go(func() {
		defer cancel()
		_, _ = t.parent(ctx, leaf)
	})
}

// aheadFor is how long a hash block may take that nobody waits for.
const aheadFor = 10 * time.Second
