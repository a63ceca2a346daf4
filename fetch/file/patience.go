package file

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
)

// maxCalls is how many reads of one Store wait for the file system at a time. One that does not answer,
// such as NFS without its server, must not collect the threads of a process.
const maxCalls = 32

// within calls do, and waits for it no longer than ctx lives: do then goes on by itself, so that what it
// writes to must be its own.
func within[T any](ctx context.Context, s *Store, do func() (T, error)) (v T, err error) {
	if ctx.Done() == nil {
		return do()
	}
	select {
	case s.calls <- struct{}{}:
	case <-ctx.Done():
		return v, fetch.NoAnswer(ctx, "the file system of "+s.URL())
	}
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-s.calls }()
		v, err := do()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		return v, fetch.NoAnswer(ctx, "the file system of "+s.URL())
	}
}
