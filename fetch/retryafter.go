package fetch

import (
	"errors"
	"fmt"
	"time"
)

// RetryAfterError reports a refusal for now whose server said how long it wants to be left alone.
// Verdict and cause are those of Err.
type RetryAfterError struct {
	After time.Duration // counted from the answer, more than 0
	Err   error
}

// Error adds the pause to the text of Err.
func (e *RetryAfterError) Error() string {
	return fmt.Sprintf("%v; the server asks for a pause of %s", e.Err, e.After.Round(time.Millisecond))
}

// Unwrap returns Err.
func (e *RetryAfterError) Unwrap() error { return e.Err }

// RetryAfter returns the pause that the server of err asks for, 0 if it does not ask for one.
func RetryAfter(err error) time.Duration {
	if e := new(RetryAfterError); errors.As(err, &e) {
		return e.After
	}
	return 0
}
