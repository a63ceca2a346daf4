package mirror

import (
	"slices"
	"time"
)

const (
	remembered = 64
	enough     = 8 // latencies that tell something
	unknown    = 2 * time.Second
	soonest    = 10 * time.Millisecond // less is noise
)

// latencies are the last ones of a source.
type latencies struct {
	last [remembered]time.Duration
	n    int // how many there ever were
}

func (l *latencies) add(d time.Duration) {
	l.last[l.n%remembered] = d
	l.n++
}

// p95 is the time within which nineteen of twenty requests were answered.
func (l *latencies) p95() time.Duration {
	n := min(l.n, remembered)
	if n < enough {
		return unknown
	}
	sorted := l.last
	slices.Sort(sorted[:n])
	return max(sorted[n*95/100], soonest)
}
