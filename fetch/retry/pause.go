package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pauses are what lies between the attempts of one call. Where the server asked for a pause, it gets
// it and our own on top: the jitter keeps its many clients from coming back all at once, which the
// library's own RetryAfterError would let them do.
type pauses struct {
	own      backoff.ExponentialBackOff
	asked    time.Duration // by the server, in the last attempt; 0 if it did not
	deadline time.Time     // of the caller; zero if there is none
}

func newPauses(ctx context.Context, cfg Config) *pauses {
	p := &pauses{own: backoff.ExponentialBackOff{
		InitialInterval: cfg.First, MaxInterval: cfg.Max, Multiplier: 1.5, RandomizationFactor: 0.5,
	}}
	p.deadline, _ = ctx.Deadline()
	return p
}

// NextBackOff implements backoff.BackOff.
func (p *pauses) NextBackOff() time.Duration {
	next := p.own.NextBackOff() + p.asked
	if !p.deadline.IsZero() && time.Until(p.deadline) <= next {
		return backoff.Stop
	}
	return next
}

// Reset implements backoff.BackOff.
func (p *pauses) Reset() { p.own.Reset() }
