package fetchtest

import (
	"context"
	"io"
	"iter"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
)

// Read is one call of ReadAt as a fault sees it.
type Read struct {
	N   int    // how many reads came before it, over all sources of the Faults
	P   []byte // the buffer to fill
	Off int64
}

// Faults is a plan of what goes wrong. Its zero value lets everything pass. The functions are
// called concurrently when reads are; they are set before the first of them.
type Faults struct {
	// Before runs before each read. It can block (until ctx ends, or the test lets it go on), count,
	// or return an error, which the read then fails with.
	Before func(ctx context.Context, r Read) error
	// After runs after each read that succeeded, and may change r.P or make the read fail.
	After func(r Read) error
	// Call runs before each method of a Store but Open and URL, with the method's name and its key
	// or prefix; the method fails with the error it returns.
	Call func(ctx context.Context, method, key string) error

	reads atomic.Int64
}

// FailRead makes read number n, counted from 0, fail with err: a value for Before.
func FailRead(n int, err error) func(context.Context, Read) error {
	return func(_ context.Context, r Read) error {
		if r.N == n {
			return err
		}
		return nil
	}
}

// FlipBit flips one bit of the byte at off whenever it is read: a value for After.
func FlipBit(off int64) func(Read) error {
	return func(r Read) error {
		if i := off - r.Off; i >= 0 && i < int64(len(r.P)) {
			r.P[i] ^= 1
		}
		return nil
	}
}

// ZeroTail clears the second half of each buffer, as a source would that takes a short read for a
// full one: a value for After.
func ZeroTail(r Read) error {
	clear(r.P[len(r.P)/2:])
	return nil
}

// Reads returns how many reads there have been.
func (f *Faults) Reads() int { return int(f.reads.Load()) }

// Source returns next with the faults of reading.
func (f *Faults) Source(next fetch.Source) fetch.Source { return &faultySource{next, f} }

type faultySource struct {
	next   fetch.Source
	faults *Faults
}

func (s *faultySource) Size() int64 { return s.next.Size() }

func (s *faultySource) ReadAt(ctx context.Context, p []byte, off int64) error {
	r := Read{N: int(s.faults.reads.Add(1)) - 1, P: p, Off: off}
	if s.faults.Before != nil {
		if err := s.faults.Before(ctx, r); err != nil {
			return err
		}
	}
	if err := s.next.ReadAt(ctx, p, off); err != nil {
		return err
	}
	if s.faults.After != nil {
		return s.faults.After(r)
	}
	return nil
}

// Store returns next with the faults of its methods and of the sources that it opens.
func (f *Faults) Store(next fetch.Store) fetch.Store { return &faultyStore{next, f} }

type faultyStore struct {
	next   fetch.Store
	faults *Faults
}

func (s *faultyStore) call(ctx context.Context, method, key string) error {
	if s.faults.Call == nil {
		return nil
	}
	return s.faults.Call(ctx, method, key)
}

func (s *faultyStore) URL() string { return s.next.URL() }

func (s *faultyStore) Stat(ctx context.Context, key string) (fetch.Location, error) {
	if err := s.call(ctx, "Stat", key); err != nil {
		return fetch.Location{}, err
	}
	return s.next.Stat(ctx, key)
}

func (s *faultyStore) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	if err := s.call(ctx, "Get", key); err != nil {
		return nil, fetch.Location{}, err
	}
	return s.next.Get(ctx, key, n)
}

func (s *faultyStore) Open(loc fetch.Location) (fetch.Source, error) {
	src, err := s.next.Open(loc)
	if err != nil {
		return nil, err
	}
	return s.faults.Source(src), nil
}

func (s *faultyStore) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if err := s.call(ctx, "Create", key); err != nil {
		return fetch.Location{}, err
	}
	return s.next.Create(ctx, key, body, size)
}

func (s *faultyStore) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		if err := s.call(ctx, "List", prefix); err != nil {
			yield(fetch.Entry{}, err)
			return
		}
		s.next.List(ctx, prefix)(yield)
	}
}

func (s *faultyStore) Remove(ctx context.Context, key string) error {
	if err := s.call(ctx, "Remove", key); err != nil {
		return err
	}
	return s.next.Remove(ctx, key)
}
