package fetch

import (
	"context"
	"errors"
	"fmt"
)

// Verdict is the one word that says why bytes could not be served or published. Each is a sentinel
// error: test with errors.Is.
type Verdict string

const (
	// ErrOverwritten: the object at a location is not the one that was pinned (ETag, version or
	// size differs, or the version is gone). Permanent for that location.
	ErrOverwritten Verdict = "overwritten"
	// ErrCorrupt: the location's identity matches, the hash does not.
	ErrCorrupt Verdict = "corrupt"
	// ErrMalformed: the bytes are as published, but are no valid image.
	ErrMalformed Verdict = "malformed"
	// ErrUnavailable: refused, reset, timed out, 5xx, 429 or a short body. Worth a retry.
	ErrUnavailable Verdict = "unavailable"
	// ErrDenied: the store knows us not, or not for this.
	ErrDenied Verdict = "denied"
	// ErrNotFound: no such name, bucket, object or file.
	ErrNotFound Verdict = "not found"
	// ErrConflict: the name or key is taken by something else, or an expectation is not met.
	ErrConflict Verdict = "conflict"
	// ErrDisagree: nodes serve different pins for one name, or can not be asked.
	ErrDisagree Verdict = "disagree"
)

// verdicts in the order VerdictOf tries them: what says most about the bytes first.
var verdicts = []Verdict{
	ErrCorrupt, ErrOverwritten, ErrMalformed, ErrConflict, ErrDenied, ErrNotFound, ErrUnavailable, ErrDisagree,
}

// Error makes a Verdict an error.
func (v Verdict) Error() string { return string(v) }

// VerdictOf returns the verdict that err carries, or "" if it carries none.
func VerdictOf(err error) Verdict {
	for _, v := range verdicts {
		if errors.Is(err, v) {
			return v
		}
	}
	return ""
}

// ObjectOf returns the URL of the object that err is about, "" if it does not tell.
func ObjectOf(err error) string {
	var overwritten *OverwrittenError
	if errors.As(err, &overwritten) {
		return overwritten.Want.URL
	}
	var named interface{ Object() string }
	if errors.As(err, &named) {
		return named.Object()
	}
	return ""
}

// NoAnswer is why ctx has ended while of was waited for. Only a deadline says something of that.
func NoAnswer(ctx context.Context, of string) error {
	cause := context.Cause(ctx)
	if !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return fmt.Errorf("%w: %s does not answer: %w", ErrUnavailable, of, cause)
}

// Refusals is what several sources said, none of which had what was asked for.
type Refusals interface {
	error
	Refusals() []error // one of each source
}

// OverwrittenError reports that an object is no longer what was pinned.
type OverwrittenError struct {
	Want Location // as pinned
	Got  Location // as found now; fields the store did not tell are zero
	Gone bool     // nothing is there any more, or not that version; Got means nothing then
}

// Error names the object and both identities.
func (e *OverwrittenError) Error() string {
	if e.Gone {
		return fmt.Sprintf("overwritten: %s is gone, pinned was %s", e.Want.URL, e.Want.identity())
	}
	return fmt.Sprintf("overwritten: %s now has %s, pinned was %s", e.Want.URL, e.Got.identity(), e.Want.identity())
}

// Is matches ErrOverwritten.
func (e *OverwrittenError) Is(target error) bool { return target == ErrOverwritten }
