package mirror

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// pause is how long to wait after so many rounds.
func (m *Mirror) pause(rounds int) time.Duration {
	d := m.cfg.First
	for range rounds - 1 {
		d = min(d+d/2, m.cfg.Max)
	}
	return d/2 + rand.N(d)
}

// asked is the shortest pause that a source has asked for.
func asked(failures []failure) time.Duration {
	d := time.Duration(math.MaxInt64)
	for _, f := range failures {
		if errors.Is(f.err, fetch.ErrUnavailable) {
			d = min(d, fetch.RetryAfter(f.err))
		}
	}
	return d // some failure is curable, so it is set
}

// wait waits for d; false if time would run out before.
func wait(ctx context.Context, d time.Duration, deadline time.Time) bool {
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		deadline = at
	}
	if time.Now().Add(d).After(deadline) {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
