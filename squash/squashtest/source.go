package squashtest

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/pinfs/pinfs/squash"
)

// Source makes an io.ReaderAt a squash.Source and counts what is read. Its methods may be called
// concurrently.
type Source struct {
	r     io.ReaderAt
	size  int64
	reads atomic.Int64

	// Before, if set before the first read, is called ahead of each read; its error is the read's.
	Before func(ctx context.Context, n int, off int64) error
}

var _ squash.Source = (*Source)(nil)

// NewSource returns a Source of the first size bytes of r.
func NewSource(r io.ReaderAt, size int64) *Source { return &Source{r: r, size: size} }

// ReadAt implements squash.Source.
func (s *Source) ReadAt(ctx context.Context, p []byte, off int64) error {
	s.reads.Add(1)
	if err := ctx.Err(); err != nil {
		return err
	}
	if off < 0 || off > s.size-int64(len(p)) {
		return fmt.Errorf("read of %d bytes at %d of %d: out of range", len(p), off, s.size)
	}
	if s.Before != nil {
		if err := s.Before(ctx, len(p), off); err != nil {
			return err
		}
	}
	n, err := s.r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	return fmt.Errorf("read of %d bytes at %d gave %d: %w", len(p), off, n, err)
}

// Size implements squash.Source.
func (s *Source) Size() int64 { return s.size }

// Reads returns how many reads there have been.
func (s *Source) Reads() int64 { return s.reads.Load() }
