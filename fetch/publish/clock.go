package publish

import (
	"sync"
	"time"
)

// clock notes how long the phases take.
type clock struct {
	mu          sync.Mutex // guards all below
	first, last map[Phase]time.Time
}

// watched is p, and notes when it is told something.
func (c *clock) watched(p Progress) Progress {
	return func(phase Phase, n, total int64) {
		c.note(phase)
		p(phase, n, total)
	}
}

func (c *clock) note(phase Phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.first == nil {
		c.first, c.last = map[Phase]time.Time{}, map[Phase]time.Time{}
	}
	if c.first[phase].IsZero() {
		c.first[phase] = now
	}
	c.last[phase] = now
}

// took returns the time from the first piece to the last one of each phase that there was.
func (c *clock) took() map[Phase]time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[Phase]time.Duration{}
	for phase, first := range c.first {
		all[phase] = c.last[phase].Sub(first)
	}
	return all
}
