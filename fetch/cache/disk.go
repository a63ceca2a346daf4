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

// within calls do and waits for it a little while: a disk that hangs must not make a reader hang. When
// the error is errSlow, do may still run.
func (im *Image) within(ctx context.Context, do func() error) error {
	if !im.disk.usable() {
		return errAbsent
	}
	if !im.io.TryAcquire(1) {
		return errSlow
	}
	done := make(chan error, 1)
	im.running.Go(func() {
		defer im.io.Release(1)
		done <- do()
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		im.disk.fail(errSlow)
		return errSlow
	case <-ctx.Done():
		return errSlow
	}
}
