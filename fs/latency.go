package fs

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/pinfs/pinfs/fs/status"
)

// latencies counts how long answers took, by powers of two of a microsecond. The zero value works.
type latencies struct {
	counts [40]atomic.Uint64 // of those that took less than 1, 2, 4, ... microseconds, and not less than the one before
}

func (l *latencies) add(took time.Duration) {
	i := bits.Len64(uint64(max(took, 0) / time.Microsecond))
	l.counts[min(i, len(l.counts)-1)].Add(1)
}

// within returns in how many seconds so many of a thousand were answered, at most twice too much; 0 if none was.
func (l *latencies) within(perMille uint64) float64 {
	var all, below uint64
	for i := range l.counts {
		all += l.counts[i].Load()
	}
	for i := range l.counts {
		below += l.counts[i].Load()
		if all > 0 && below*1000 >= all*perMille {
			return (time.Duration(1<<i) * time.Microsecond).Seconds()
		}
	}
	return 0
}

// Latency tells how long the kernel waited for answers since the server was made.
func (s *Server) Latency() status.Latency {
	return status.Latency{P50: s.latencies.within(500), P95: s.latencies.within(950), P99: s.latencies.within(990)}
}
