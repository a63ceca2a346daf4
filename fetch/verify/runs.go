package verify

import "sync"

// streams is how many interleaved sequential readers are told apart.
const streams = 16

// runs decides how many leaves a fetch takes: one where reads are random, twice as many each time
// where they go on where an earlier fetch ended.
type runs struct {
	max    int // leaves
	mu     sync.Mutex
	recent [streams]run // guarded by mu
	oldest int          // guarded by mu; the entry that is given up next
}

// run is a fetch that was planned.
type run struct {
	end int64 // the leaf behind it
	n   int   // leaves
}

// plan returns the number of leaves to fetch from index on; need is how many the caller waits for.
func (r *runs) plan(index int64, need int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.recent {
		if s := &r.recent[i]; s.n > 0 && s.end == index {
			*s = r.sized(index, max(2*s.n, need))
			return s.n
		}
	}
	s := &r.recent[r.oldest]
	r.oldest = (r.oldest + 1) % streams
	*s = r.sized(index, need)
	return s.n
}

// stopped notes that the run up to the leaf end has come only as far as at: the reader goes on there.
func (r *runs) stopped(end, at int64) {
	if end == at {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.recent {
		if r.recent[i].end == end {
			r.recent[i].end = at
		}
	}
}

func (r *runs) sized(index int64, n int) run {
	n = min(n, r.max)
	return run{index + int64(n), n}
}
