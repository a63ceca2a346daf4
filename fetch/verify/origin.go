package verify

import (
	"context"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// Origin is where the verified blocks of one image come from: a Remote, or something that stands
// before one or several of them.
//
// All methods may be called concurrently and honour ctx. What failed is not remembered: asking again
// is safe. Errors match a fetch.Verdict.
type Origin interface {
	// Leaves returns leaves from index on, each verified or with the reason why it can not be had: n
	// of them, or fewer, but at least one, where waiting for the others would keep back what is there.
	Leaves(ctx context.Context, index int64, n int, above Above) []Leaf

	// Node returns hash block n; parent is the verified one above it, or the zero one for the root.
	Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error)
}

// Above returns the verified hash block that holds the hash of leaf index, the zero one if the image
// has no tree.
type Above func(ctx context.Context, index int64) (manifest.HashBlock, error)

// Result is one of several things that were asked for, or why it can not be had.
type Result[V any] struct {
	Value V
	Err   error
}

// Leaf is a leaf of an image.
type Leaf = Result[Block]

// Failed returns n leaves that can not be had, for a reason that they share.
func Failed(n int, err error) []Leaf {
	leaves := make([]Leaf, n)
	for i := range leaves {
		leaves[i].Err = err
	}
	return leaves
}
