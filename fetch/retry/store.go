package retry

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// Store repeats failed requests of another Store, and the reads of the Sources it opens. Create is passed
// through, because a repeat can not tell its own success from a stranger's; List is repeated if
// Config.Lists says so.
type Store struct {
	fetch.Store
	cfg Config
}

var _ fetch.Annotated = (*Store)(nil)

// NewStore wraps next.
func NewStore(next fetch.Store, cfg Config) *Store {
	return &Store{next, cfg.withDefaults()}
}

// Stat implements fetch.Store.
func (s *Store) Stat(ctx context.Context, key string) (fetch.Location, error) {
	return do(ctx, s.cfg, func() (fetch.Location, error) { return s.Store.Stat(ctx, key) })
}

// Get implements fetch.Store.
func (s *Store) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	type answer struct {
		b   []byte
		loc fetch.Location
	}
	a, err := do(ctx, s.cfg, func() (answer, error) {
		b, loc, err := s.Store.Get(ctx, key, n)
		return answer{b, loc}, err
	})
	return a.b, a.loc, err
}

// List implements fetch.Store. A repeat goes on behind the last key that was yielded, as the next page of a
// long list does.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	if s.cfg.Lists <= 0 {
		return s.Store.List(ctx, prefix)
	}
	cfg := s.cfg
	cfg.Total = cfg.Lists
	return func(yield func(fetch.Entry, error) bool) {
		last := ""
		_, err := do(ctx, cfg, func() (struct{}, error) {
			for e, err := range s.Store.List(ctx, prefix) {
				if err != nil {
					return struct{}{}, err
				}
				if e.Key <= last {
					continue
				}
				last = e.Key
				if !yield(e, nil) {
					break
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			yield(fetch.Entry{}, err)
		}
	}
}

// Open implements fetch.Store.
func (s *Store) Open(loc fetch.Location) (fetch.Source, error) {
	src, err := s.Store.Open(loc)
	if err != nil {
		return nil, err
	}
	return NewSource(src, s.cfg), nil
}

// Remove implements fetch.Store.
func (s *Store) Remove(ctx context.Context, key string) error {
	_, err := do(ctx, s.cfg, func() (struct{}, error) { return struct{}{}, s.Store.Remove(ctx, key) })
	return err
}

// Metadata implements fetch.Annotated. A store that keeps none has none.
func (s *Store) Metadata(ctx context.Context, loc fetch.Location) (map[string]string, error) {
	next, ok := s.Store.(fetch.Annotated)
	if !ok {
		return nil, nil
	}
	return do(ctx, s.cfg, func() (map[string]string, error) { return next.Metadata(ctx, loc) })
}

// CreateWith implements fetch.Annotated; like Create it is passed through. A store that keeps no metadata
// gets the object without.
func (s *Store) CreateWith(ctx context.Context, key string, body io.ReaderAt, size int64, metadata map[string]string) (fetch.Location, error) {
	if next, ok := s.Store.(fetch.Annotated); ok {
		return next.CreateWith(ctx, key, body, size, metadata)
	}
	return s.Create(ctx, key, body, size)
}

var _ fetch.Parted = (*Store)(nil)

// Unfinished implements fetch.Parted. A store that takes objects as a whole has none.
func (s *Store) Unfinished(ctx context.Context, prefix string) ([]fetch.Unfinished, error) {
	next, ok := s.Store.(fetch.Parted)
	if !ok {
		return nil, nil
	}
	return do(ctx, s.cfg, func() ([]fetch.Unfinished, error) { return next.Unfinished(ctx, prefix) })
}

// Abort implements fetch.Parted.
func (s *Store) Abort(ctx context.Context, u fetch.Unfinished) error {
	next, ok := s.Store.(fetch.Parted)
	if !ok {
		return nil
	}
	_, err := do(ctx, s.cfg, func() (struct{}, error) { return struct{}{}, next.Abort(ctx, u) })
	return err
}

var _ fetch.Retaining = (*Store)(nil)

// CanRetain implements fetch.Retaining. Most stores can not.
func (s *Store) CanRetain(ctx context.Context) error {
	next, ok := s.Store.(fetch.Retaining)
	if !ok {
		return fmt.Errorf("%s can not retain anything: that takes a bucket with object lock", s.URL())
	}
	_, err := do(ctx, s.cfg, func() (struct{}, error) { return struct{}{}, next.CanRetain(ctx) })
	return err
}

// Retain implements fetch.Retaining.
func (s *Store) Retain(ctx context.Context, loc fetch.Location, until time.Time) error {
	next, ok := s.Store.(fetch.Retaining)
	if !ok {
		return s.CanRetain(ctx)
	}
	_, err := do(ctx, s.cfg, func() (struct{}, error) { return struct{}{}, next.Retain(ctx, loc, until) })
	return err
}
