package fetchtest

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
)

// Memory is bytes as a fetch.Source that never fails.
type Memory []byte

var _ fetch.Source = Memory(nil)

// Size implements fetch.Source.
func (b Memory) Size() int64 { return int64(len(b)) }

// ReadAt implements fetch.Source.
func (b Memory) ReadAt(_ context.Context, p []byte, off int64) error {
	copy(p, b[off:])
	return nil
}
