package fetch

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	refused := fmt.Errorf("read: %w", &RetryAfterError{After: 3 * time.Second, Err: fmt.Errorf("%w: HTTP status 429", ErrUnavailable)})
	if got := RetryAfter(refused); got != 3*time.Second {
		t.Errorf("RetryAfter(%v) = %s, want 3s", refused, got)
	}
	if !errors.Is(refused, ErrUnavailable) {
		t.Errorf("%v is not ErrUnavailable any more", refused)
	}
	for _, err := range []error{nil, ErrUnavailable} {
		if got := RetryAfter(err); got != 0 {
			t.Errorf("RetryAfter(%v) = %s, want 0", err, got)
		}
	}
}
