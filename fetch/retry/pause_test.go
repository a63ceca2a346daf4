package retry

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// busy is a refusal whose server asks for a pause.
func busy(after time.Duration) error {
	return &fetch.RetryAfterError{After: after, Err: fmt.Errorf("read s3://b/k: %w: HTTP status 429", fetch.ErrUnavailable)}
}

// TestServerIsLeftAlone: the next attempt comes no earlier than the server asked for, and not much
// later; without such a wish the pauses are our own again.
func TestServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{errs: []error{busy(5 * time.Second), fetch.ErrUnavailable, nil}}
		start := time.Now()
		err := NewSource(f, Config{}).ReadAt(t.Context(), nil, 0)
		if d := time.Since(start); err != nil || d < 5*time.Second || d > 6*time.Second {
			t.Errorf("ReadAt = %v after %s, want success a little later than 5s", err, d)
		}
	})
}

// TestPauseBeyondTheDeadline: nobody waits for what would come too late.
func TestPauseBeyondTheDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		cfg     Config
		timeout time.Duration
	}{
		"Total":    {Config{Total: 10 * time.Second}, time.Hour},
		"Deadline": {Config{Total: time.Hour}, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			f := &flaky{errs: []error{busy(15 * time.Second)}}
			start := time.Now()
			err := NewSource(f, c.cfg).ReadAt(ctx, nil, 0)
			if !errors.Is(err, fetch.ErrUnavailable) || fetch.RetryAfter(err) != 15*time.Second {
				t.Errorf("%s: ReadAt = %v, want the refusal", name, err)
			}
			if d := time.Since(start); d != 0 || f.calls != 1 {
				t.Errorf("%s: gave up after %s and %d calls, want at once", name, d, f.calls)
			}
		})
	}
}
