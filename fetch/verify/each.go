package verify

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// checkers is how many leaves of a run are checked at once: enough for a fast network, while most
// processors are left to those whom the machine is for.
const checkers = 4

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
