package fetchtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// Shelf is a fetch.Store in memory. The zero value is empty.
type Shelf struct {
	Careless bool // Create overwrites, as some servers do whatever the condition

	mu      sync.Mutex // guards all below
	objects map[string]thing
	made    int // counts what was ever stored: the ETags
}

type thing struct {
	content []byte
	at      fetch.Location
	made    time.Time
}

var _ fetch.Store = (*Shelf)(nil)

// URL implements fetch.Store.
func (s *Shelf) URL() string { return "mem://shelf" }

func valid(key string) error {
	if !iofs.ValidPath(key) || key == "." || strings.Contains(key, "\x00") {
		return fmt.Errorf("key %q is not valid", key)
	}
	return nil
}

// find checks what a request asks for.
func (s *Shelf) find(ctx context.Context, key string) (thing, error) {
	if err := ctx.Err(); err != nil {
		return thing{}, err
	}
	if err := valid(key); err != nil {
		return thing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[key]
	if !ok {
		return o, fmt.Errorf("%w: no %s/%s", fetch.ErrNotFound, s.URL(), key)
	}
	return o, nil
}

// Stat implements fetch.Store.
func (s *Shelf) Stat(ctx context.Context, key string) (fetch.Location, error) {
	o, err := s.find(ctx, key)
	return o.at, err
}

// Get implements fetch.Store.
func (s *Shelf) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return nil, o.at, err
	}
	return bytes.Clone(o.content[:min(max(n, 0), o.at.Size)]), o.at, nil
}

// Create implements fetch.Store.
func (s *Shelf) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if _, err := s.find(ctx, key); err == nil && !s.Careless {
		return fetch.Location{}, s.taken(key)
	} else if err != nil && fetch.VerdictOf(err) != fetch.ErrNotFound {
		return fetch.Location{}, err
	}
	if size < 0 {
		return fetch.Location{}, fmt.Errorf("create %s: size %d", key, size)
	}
	p := make([]byte, size)
	if n, err := body.ReadAt(p, 0); n < len(p) {
		return fetch.Location{}, fmt.Errorf("create %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.objects[key]; ok && !s.Careless {
		return fetch.Location{}, s.taken(key)
	}
	return s.keep(key, p), nil
}

func (s *Shelf) taken(key string) error {
	return fmt.Errorf("%w: %s/%s is there", fetch.ErrConflict, s.URL(), key)
}

// keep wants mu held.
func (s *Shelf) keep(key string, p []byte) fetch.Location {
	if s.objects == nil {
		s.objects = map[string]thing{}
	}
	s.made++
	at := fetch.Location{URL: s.URL() + "/" + key, ETag: strconv.Itoa(s.made), Size: int64(len(p))}
	s.objects[key] = thing{p, at, time.Now().Truncate(time.Second)}
	return at
}

// Overwrite implements Overwriter.
func (s *Shelf) Overwrite(_ context.Context, key string, content []byte) (fetch.Location, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(key, bytes.Clone(content)), nil
}

// List implements fetch.Store.
func (s *Shelf) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		s.mu.Lock()
		now := maps.Clone(s.objects)
		s.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(now)) {
			if err := ctx.Err(); err != nil {
				yield(fetch.Entry{}, err)
				return
			}
			if strings.HasPrefix(key, prefix) && !yield(fetch.Entry{Key: key, Location: now[key].at, Modified: now[key].made}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(fetch.Entry{}, err)
		}
	}
}

// Remove implements fetch.Store.
func (s *Shelf) Remove(ctx context.Context, key string) error {
	if _, err := s.find(ctx, key); err != nil && fetch.VerdictOf(err) != fetch.ErrNotFound {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	return nil
}

// Open implements fetch.Store.
func (s *Shelf) Open(loc fetch.Location) (fetch.Source, error) {
	key, err := loc.KeyIn(s.URL())
	if err == nil {
		err = valid(key)
	}
	if err != nil {
		return nil, err
	}
	return &pinnedThing{shelf: s, key: key, want: loc}, nil
}

// pinnedThing is one object as a source.
type pinnedThing struct {
	shelf *Shelf
	key   string

	mu   sync.Mutex     // guards want
	want fetch.Location // its ETag is that of the first answer, if none was given
}

func (o *pinnedThing) Size() int64 { return o.want.Size }

func (o *pinnedThing) ReadAt(ctx context.Context, p []byte, off int64) error {
	found, err := o.shelf.find(ctx, o.key)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case fetch.VerdictOf(err) == fetch.ErrNotFound && o.want.ETag != "":
		return &fetch.OverwrittenError{Want: o.want, Gone: true}
	case err != nil:
		return err
	case off < 0 || off+int64(len(p)) > o.want.Size:
		return fmt.Errorf("%d bytes at %d of %d", len(p), off, o.want.Size)
	case found.at.Size != o.want.Size || o.want.ETag != "" && found.at.ETag != o.want.ETag:
		return &fetch.OverwrittenError{Want: o.want, Got: found.at}
	}
	o.want.ETag = found.at.ETag
	copy(p, found.content[off:])
	return nil
}
