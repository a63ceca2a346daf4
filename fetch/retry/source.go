package retry

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
)

// Source repeats failed reads of another Source.
type Source struct {
	next fetch.Source
	cfg  Config
}

var _ fetch.Source = (*Source)(nil)

// NewSource wraps next.
func NewSource(next fetch.Source, cfg Config) *Source {
	return &Source{next, cfg.withDefaults()}
}

// ReadAt implements fetch.Source. Errors that no retry can mend come back untouched.
func (s *Source) ReadAt(ctx context.Context, p []byte, off int64) error {
	_, err := do(ctx, s.cfg, func() (struct{}, error) { return struct{}{}, s.next.ReadAt(ctx, p, off) })
	return err
}

// Size implements fetch.Source.
func (s *Source) Size() int64 { return s.next.Size() }
