package verify

import (
	"errors"

	"github.com/pinfs/pinfs/fetch"
)

// twice runs op again if what it read is corrupt: a flaw of the transport heals, one of the source
// does not and is reported with its location.
func twice[T any](at fetch.Location, op func() (T, error)) (T, error) {
	v, err := op()
	if errors.Is(err, fetch.ErrCorrupt) {
		v, err = op()
	}
	if errors.Is(err, fetch.ErrCorrupt) {
		err = &CorruptError{at, err}
	}
	return v, err
}
