package cache

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// disk is whether a directory can be used.
type disk struct {
	log  *slog.Logger
	path string

	mu    sync.Mutex // guards all below
	pause time.Duration
	until time.Time // not before
}

const (
	firstPause   = 10 * time.Second
	longestPause = 10 * time.Minute
	patience     = 2 * time.Second // after which a disk counts as hanging
)

var (
	// errSlow says that the disk has not answered in time, or that too many calls hang in it already.
	errSlow = errors.New("the disk takes too long")
	// errBusy says that somebody else changes the image, or makes room, at the moment.
	errBusy = errors.New("in use")
	// errAbsent says that there is nothing on disk.
	errAbsent = errors.New("not there")
)

// usable reports whether to try.
func (d *disk) usable() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().After(d.until)
}

// note takes in how a change went.
func (d *disk) note(err error) {
	if err != nil && !errors.Is(err, errBusy) && !errors.Is(err, errSlow) && !errors.Is(err, errAbsent) {
		d.fail(err)
	}
}

// fail notes that the disk is full, broken or not there, and leaves it alone for a while. Only the
// first time is told.
func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(d.until) {
		return // known
	}
	if d.pause == 0 || time.Since(d.until) > longestPause {
		d.pause = firstPause
		d.log.Warn("the cache is not used for now, reads go to the source", "path", d.path, "err", err)
	} else {
		d.pause = min(2*d.pause, longestPause)
	}
	d.until = time.Now().Add(d.pause)
}

// soon calls do and waits for it a little while: a disk that hangs must not make anybody hang. When the
// error is errSlow, do may still run; running counts it until it has ended.
func soon[T any](ctx context.Context, running *sync.WaitGroup, do func() (T, error)) (v T, err error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	running.Go(func() {
		v, err := do()
		done <- result{v, err}
	})
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		return v, errSlow
	}
}

// ended waits a little while for what running counts, and reports whether all of that has ended.
func ended(running *sync.WaitGroup) bool {
	_, err := soon(context.Background(), new(sync.WaitGroup), func() (nothing, error) { running.Wait(); return nothing{}, nil })
	return err == nil
}

// within is soon for one of an image's reads or writes.
func within[T any](ctx context.Context, im *Image, do func() (T, error)) (v T, err error) {
	if !im.disk.usable() {
		return v, errAbsent
	}
	if !im.io.TryAcquire(1) {
		return v, errSlow
	}
	v, err = soon(ctx, &im.running, func() (T, error) {
		defer im.io.Release(1)
		return do()
	})
	if err == errSlow && ctx.Err() == nil {
		im.disk.fail(err)
	}
	return v, err
}

// nothing is what is returned where only the error matters.
type nothing = struct{}
