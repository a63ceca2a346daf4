// Package retry repeats what a store could not answer for now.
package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/pinfs/pinfs/fetch"
)

// Config bounds the attempts. The zero value works.
type Config struct {
	First time.Duration // pause before the second attempt, with jitter, growing by half each time; default 100 ms
	Max   time.Duration // longest pause; default 3 s
	Total time.Duration // no new attempt starts later than this; default 25 s; a nearer deadline of ctx wins
	Lists time.Duration // the same for a Store's List; default 0: it is not repeated
}

func (c Config) withDefaults() Config {
	if c.First <= 0 {
		c.First = 100 * time.Millisecond
	}
	if c.Max <= 0 {
		c.Max = 3 * time.Second
	}
	if c.Total <= 0 {
		c.Total = 25 * time.Second
	}
	return c
}

// Do runs op until it succeeds, fails with anything but ErrUnavailable, or time runs out.
func Do[T any](ctx context.Context, cfg Config, op func() (T, error)) (T, error) {
	return do(ctx, cfg.withDefaults(), op)
}

// do runs op until it succeeds, fails with anything but ErrUnavailable, or time runs out; then the
// last error that op gave is returned, with the number of attempts. It does not sit out a pause
// that ends too late for another attempt.
func do[T any](ctx context.Context, cfg Config, op func() (T, error)) (T, error) {
	var last, final error // unavailable so far; something else, which ends it
	attempts := 0
	pauses := newPauses(ctx, cfg)
	v, err := backoff.Retry(ctx, func() (T, error) {
		attempts++
		v, err := op()
		pauses.asked = fetch.RetryAfter(err)
		if err != nil && !errors.Is(err, fetch.ErrUnavailable) {
			final = err
			return v, backoff.Permanent(err)
		}
		if err != nil && (last == nil || !errors.Is(err, context.DeadlineExceeded)) {
			last = err // one that ran into our own deadline says less
		}
		return v, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(cfg.Total))
	switch {
	case err == nil:
		return v, nil
	case final != nil && !errors.Is(final, context.DeadlineExceeded):
		return *new(T), final
	case last == nil:
		last = fmt.Errorf("no answer in time: %w", fetch.ErrUnavailable)
	}
	return *new(T), gaveUp(ctx, last, attempts)
}

// gaveUp tells the last error rather than the bare "context deadline exceeded" that ended the wait,
// but keeps a cancellation recognisable.
func gaveUp(ctx context.Context, last error, attempts int) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return cause
	}
	if attempts == 1 {
		return last
	}
	return fmt.Errorf("%w (%d attempts)", last, attempts)
}
