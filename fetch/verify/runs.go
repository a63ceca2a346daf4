package verify

import "sync"

const (
	// streams is how many interleaved sequential readers are told apart.
	streams = 16
	// lately is how many fetches ago a reader may have been seen last to count as one who goes on.
	lately = 4 * streams
	// aheadFrom is how many leaves in a run say that a reader will go on: the next run is fetched before
	// he needs it.
	aheadFrom = 8
)

// runs decides how many leaves a fetch takes: one where reads are random, twice as many each time
// where they go on where an earlier fetch ended. What all readers are about to read stays in the cache.
type runs struct {
	max  int // leaves of a run
	hold int // leaves that the cache holds

	mu     sync.Mutex
	clock  int          // guarded by mu; fetches planned so far
	recent [streams]run // guarded by mu
	oldest int          // guarded by mu; the entry that is given up next
}

// run is a fetch that was planned.
type run struct {
	end   int64 // the leaf behind it
	n     int   // leaves
	at    int   // clock
	went  bool  // its reader went on from an earlier one
	ahead bool  // what follows it has been asked for
}

// plan returns the number of leaves to fetch from index on; need is how many the caller waits for.
func (r *runs) plan(index int64, need int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	for i := range r.recent {
		if s := &r.recent[i]; s.n > 0 && s.end == index {
			*s = r.sized(index, 2*s.n, need)
			s.went = true
			return s.n
		}
	}
	s := &r.recent[r.oldest]
	r.oldest = (r.oldest + 1) % streams
	*s = r.sized(index, need, need)
	return s.n
}

// sized is a run of want leaves, as far as the cache holds what nobody waits for yet, or of need.
func (r *runs) sized(index int64, want, need int) run {
	n := min(max(min(want, r.hold/(2*r.readers())), need), r.max)
	return run{end: index + int64(n), n: n, at: r.clock}
}

// readers is how many have read in order lately, at least one.
func (r *runs) readers() (n int) {
	for _, s := range r.recent {
		if s.went && s.n >= aheadFrom && r.clock-s.at < lately {
			n++
		}
	}
	return max(n, 1)
}

// behind returns the leaf behind the run in which index is, if its reader is in the second half of it and
// that leaf has not been asked for.
func (r *runs) behind(index int64) (end int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.recent {
		s := &r.recent[i]
		if s.went && s.n >= aheadFrom && !s.ahead && index < s.end && index >= s.end-int64(s.n/2) {
			s.ahead = true
			return s.end, true
		}
	}
	return 0, false
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
