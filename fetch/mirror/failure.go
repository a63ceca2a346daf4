package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// curable reports whether asking again may help.
func curable(failures []failure) bool {
	for _, f := range failures {
		if errors.Is(f.err, fetch.ErrUnavailable) {
			return true
		}
	}
	return false
}

// reason makes one error of what all sources said. A cancellation stays recognisable.
func reason(ctx context.Context, failures []failure, rounds int) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return cause
	}
	err := failures[0].err
	if len(failures) > 1 {
		err = refusals(failures)
	}
	if fetch.VerdictOf(err) == "" && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", fetch.ErrUnavailable)
	}
	if rounds == 1 {
		return err
	}
	return fmt.Errorf("%w (%d attempts)", err, rounds)
}

// refusals are what several sources said.
type refusals []failure

// Error names them on one line.
func (r refusals) Error() string {
	words := make([]string, len(r))
	for i, f := range r {
		words[i] = f.err.Error()
	}
	return strings.Join(words, "; ")
}

// Unwrap returns all of them.
func (r refusals) Unwrap() []error {
	errs := make([]error, len(r))
	for i, f := range r {
		errs[i] = f.err
	}
	return errs
}
