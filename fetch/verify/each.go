package verify

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// checkers is how many leaves of a run are checked at once: enough for a fast network, while most
// processors are left to those whom the machine is for.
const checkers = 4

// CheckAll is Check of leaves that follow each other, the first of which is index, several at a time.
// It takes ownership of their bytes.
func CheckAll(ctx context.Context, m *manifest.Manifest, index int64, leaves [][]byte, above Above) []Leaf {
	return each(len(leaves), func(i int) (Block, error) {
		at := index + int64(i)
		parent, err := above(ctx, at)
		if err != nil {
			return Block{}, err
		}
		return Check(m, at, parent, leaves[i])
	})
}

// each returns what leaf returns for 0..n-1; it is called concurrently.
func each(n int, leaf func(i int) (Block, error)) []Leaf {
	leaves := make([]Leaf, n)
	var next atomic.Int64
	check := func() {
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			leaves[i].Value, leaves[i].Err = leaf(int(i))
		}
	}
	var others sync.WaitGroup
	for range min(n, checkers, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(check)
	}
	check()
	others.Wait()
	return leaves
}
