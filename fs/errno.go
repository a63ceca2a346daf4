package fs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
)

// errno is what the kernel is told about err. Whatever is wrong with the bytes or the way to them is
// EIO: never ENOENT, which would be remembered, never ESTALE, which would be tried again for ever.
func errno(err error) fuse.Status {
	switch {
	case err == nil:
		return fuse.OK
	case errors.Is(err, errInterrupted):
		return fuse.EINTR
	case verdict(err) != status.Failed:
		return fuse.EIO
	case errors.Is(err, tree.ErrNotExist):
		return fuse.ENOENT
	case errors.Is(err, tree.ErrNoXattr):
		return fuse.ENODATA
	case errors.Is(err, tree.ErrNoData):
		return fuse.Status(syscall.ENXIO)
	case errors.Is(err, tree.ErrStale):
		return fuse.Status(syscall.ESTALE)
	}
	return fuse.EIO
}

// verdict says in one word why err happened; status.Failed if nothing better is known.
func verdict(err error) fetch.Verdict {
	if v := fetch.VerdictOf(err); v != "" {
		return v
	}
	switch {
	case errors.Is(err, tree.ErrStale): // even though the reason is a malformed inode
		return status.Failed
	case malformed(err):
		return fetch.ErrMalformed
	case errors.Is(err, context.DeadlineExceeded):
		return fetch.ErrUnavailable
	}
	return status.Failed
}

func malformed(err error) bool {
	return errors.Is(err, squash.ErrFormat) || errors.Is(err, fetch.ErrMalformed)
}

// call says what was asked for, for the log.
type call struct {
	op   string
	node uint64
	name string // in node, or of an attribute
	off  int64
	n    int // bytes
}

// status counts and logs a failed call and returns its errno.
func (s *Server) status(ctx *deadline, c call, err error) fuse.Status {
	if ctx.interrupted() {
		err = fmt.Errorf("%w: %w", errInterrupted, err)
	}
	if errors.Is(err, fetch.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) { // of one of several sources
		s.outage.began(s.cfg.ReadTimeout, ctx.had, ctx.arrived, s.cfg.Arrived())
	}
	code := errno(err)
	if code == fuse.EIO {
		s.report(c, err)
	}
	return code
}

// report counts a failure, and logs it if it is the first of its kind. Of several sources each is told
// of by itself: they may have failed for different reasons.
func (s *Server) report(c call, err error) {
	for _, err := range causes(err) {
		s.reportOne(c, err)
	}
}

// causes divides what several sources said. Of those that were silent the first stands for all: it is the
// image that is not available.
func causes(err error) (list []error) {
	var several fetch.Refusals
	if !errors.As(err, &several) {
		return []error{err}
	}
	var silent []error
	for _, e := range several.Refusals() {
		if verdict(e) == fetch.ErrUnavailable {
			silent = append(silent, e)
		} else {
			list = append(list, e)
		}
	}
	switch {
	case len(list) == 0:
		return []error{err}
	case len(silent) > 0:
		return append(list, silent[0])
	}
	return list
}

func (s *Server) reportOne(c call, err error) {
	v := verdict(err)
	if v == fetch.ErrUnavailable && fetch.VerdictOf(err) == "" {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	if !s.cfg.Failures.Add(v, s.object(v, c, err), err) {
		return
	}
	level := slog.LevelWarn
	if v == fetch.ErrCorrupt || v == fetch.ErrOverwritten {
		level = slog.LevelError
	}
	s.cfg.Log.Log(context.Background(), level, c.op+" failed", "verdict", v, "image", s.cfg.Name,
		"node", c.node, "name", c.name, "off", c.off, "n", c.n, "err", err)
}

// object names what failed: the stored object if the error knows it, the node if only that is
// broken, else the image.
func (s *Server) object(v fetch.Verdict, c call, err error) string {
	if url := fetch.ObjectOf(err); url != "" {
		return url
	}
	if v == fetch.ErrMalformed {
		return s.cfg.Name + " node " + strconv.FormatUint(c.node, 10)
	}
	return s.cfg.Name
}

// recovered turns a bug into one EIO and one line.
func (s *Server) recovered(cause any) fuse.Status {
	err := fmt.Errorf("panic: %v", cause)
	if s.cfg.Failures.Add(status.Failed, s.cfg.Name, err) {
		s.cfg.Log.Error("bug in a handler", "image", s.cfg.Name, "err", err, "stack", string(debug.Stack()))
	}
	return fuse.EIO
}
