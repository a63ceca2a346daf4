package mirror

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// reason makes one error of what all sources said; that of a single one comes back untouched.
func reason(failures []failure) error {
	if len(failures) == 1 {
		return failures[0].err
	}
	return refusals(failures)
}

// refusals are what several sources said. It is a fetch.Refusals.
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
func (r refusals) Unwrap() []error { return r.Refusals() }

// Refusals implements fetch.Refusals.
func (r refusals) Refusals() []error {
	errs := make([]error, len(r))
	for i, f := range r {
		errs[i] = f.err
	}
	return errs
}

// As answers for all of them how long to wait before they are asked again: as long as the one that wants
// the least.
func (r refusals) As(target any) bool {
	pause, ok := target.(**fetch.RetryAfterError)
	if ok {
		*pause = &fetch.RetryAfterError{After: r.pause(), Err: r}
	}
	return ok
}

func (r refusals) pause() time.Duration {
	var asked []time.Duration
	for _, f := range r {
		if errors.Is(f.err, fetch.ErrUnavailable) { // the others will not answer after any pause
			asked = append(asked, fetch.RetryAfter(f.err))
		}
	}
	if len(asked) == 0 {
		return 0
	}
	return slices.Min(asked)
}
