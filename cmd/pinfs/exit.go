package main

import (
	"errors"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/squash"
)

// Exit codes are an interface: scripts depend on them. 1 is anything that has no code of its own.
const (
	exitFailure = 1
	exitUsage   = 2
)

var exitCodes = map[fetch.Verdict]int{
	fetch.ErrNotFound:    3,
	fetch.ErrConflict:    4,
	fetch.ErrOverwritten: 5,
	fetch.ErrCorrupt:     6,
	fetch.ErrMalformed:   6,
	fetch.ErrUnavailable: 7,
	fetch.ErrDenied:      8,
	fetch.ErrDisagree:    9,
}

// coded carries an exit code that another process already decided on.
type coded struct {
	text string
	code int
}

func (c *coded) Error() string { return c.text }

// exitCode returns the code for what Execute returned.
func exitCode(err error) int {
	var f *failure
	var u *usageError
	var c *coded
	switch {
	case err == nil:
		return 0
	case errors.As(err, &c):
		return c.code
	case !errors.As(err, &f), errors.As(err, &u):
		return exitUsage
	}
	if code, ok := exitCodes[verdict(err)]; ok {
		return code
	}
	return exitFailure
}

// verdict is fetch.VerdictOf with the one of squash's own errors.
func verdict(err error) fetch.Verdict {
	if v := fetch.VerdictOf(err); v != "" {
		return v
	}
	if errors.Is(err, squash.ErrFormat) {
		return fetch.ErrMalformed
	}
	return ""
}
