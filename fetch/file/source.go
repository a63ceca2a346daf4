package file

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
)

// source reads the object at one location, which it opens again for every read: a descriptor kept
// open would never notice that the file was replaced.
type source struct {
	store *Store
	key   string
	loc   fetch.Location         // as given to Open
	etag  atomic.Pointer[string] // the pinned one, or what the first read saw; nil before
}

var _ fetch.Source = (*source)(nil)

// Open returns a Source of the object at loc.
func (s *Store) Open(loc fetch.Location) (fetch.Source, error) {
	key, err := loc.KeyIn(s.URL())
	if err == nil {
		err = checkKey(key)
	}
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	src := &source{store: s, key: key, loc: loc}
	if loc.ETag != "" {
		src.etag.Store(&loc.ETag)
	}
	return src, nil
}

// Size returns the location's size.
func (s *source) Size() int64 { return s.loc.Size }

// ReadAt fills p from byte off of the pinned state of the file.
func (s *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off < 0 || off > s.loc.Size-int64(len(p)) {
		return fmt.Errorf("read %s: bytes %d+%d are outside its %d", s.loc.URL, off, len(p), s.loc.Size)
	}
	got, err := within(ctx, s.store, func() ([]byte, error) { return s.read(ctx, len(p), off) })
	copy(p, got)
	return err
}

func (s *source) read(ctx context.Context, n int, off int64) ([]byte, error) {
	f, err := s.store.open(ctx, s.key)
	if err != nil {
		return nil, s.explainOpen(err)
	}
	defer f.Close()
	if err := s.check(f.id); err != nil {
		return nil, err
	}
	p := make([]byte, n)
	if err := f.read(p, off); err != nil {
		return nil, explain("read", s.loc.URL, err)
	}
	return p, nil
}

// explainOpen tells a pinned object that has vanished from one that never was seen.
func (s *source) explainOpen(err error) error {
	if s.etag.Load() != nil && (errors.Is(err, iofs.ErrNotExist) || isNotDir(err)) {
		return &fetch.OverwrittenError{Want: s.want(), Gone: true}
	}
	return explain("read", s.loc.URL, err)
}

// check compares what was opened with what is pinned and pins it if nothing is.
func (s *source) check(found identity) error {
	etag := found.etag()
	if found.size == s.loc.Size {
		s.etag.CompareAndSwap(nil, &etag)
	}
	if pinned := s.etag.Load(); found.size == s.loc.Size && *pinned == etag {
		return nil
	}
	return &fetch.OverwrittenError{Want: s.want(), Got: found.location(s.loc.URL)}
}

// want is the location with the ETag that reads are held to.
func (s *source) want() fetch.Location {
	loc := s.loc
	if etag := s.etag.Load(); etag != nil {
		loc.ETag = *etag
	}
	return loc
}
