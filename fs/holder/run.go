package holder

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"
)

// Hold is what the holder in the background does: Run, with the spec from and the outcome to the
// command that called Mount. While that one waits, its end ends everything. It also goes on where a
// holder of another version left off, perhaps one in the foreground, and then calls up with the
// mountpoint.
func Hold(ctx context.Context, up func(dir string)) error {
	small()
	switch c, err := resume(); {
	case err == errRehearsed:
		return nil
	case err != nil:
		return err
	case c != nil:
		return c.resumed(ctx, up)
	}
	parent, m, _, err := orders()
	if err != nil {
		return err
	}
	defer parent.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting := make(chan struct{}) // closed when the parent need not live any more
	go func() {
		_, _, _ = parent.receive() // it sends nothing more: this is its end
		select {
		case <-waiting:
		default:
			cancel()
		}
	}()
	h := hold{spec: *m.Spec, background: true}
	err = h.run(ctx, func() {
		close(waiting)
		// If it has gone meanwhile the mount stays: it could not know better.
		_ = parent.send(message{Event: ready}, nil)
		debug.FreeOSMemory()
	})
	if err != nil {
		_ = parent.send(message{Event: failed, Error: portable(err)}, nil)
	}
	return err
}

// Run mounts as spec says, calls ready when the mount can be used, and returns after the unmount:
// nil if somebody unmounted it, also by SIGTERM, SIGINT or SIGHUP to this process or by the end of ctx. It
// unmounts lazily if the mount is in use and then waits for its last user; a second signal ends that
// wait. When it returns nil nothing is mounted; the worker has ended in any case. Messages go to this
// process's standard error.
//
// A mount that was moved is unmounted where it is. One that something else is mounted over can not be until
// that is gone; a second signal leaves it there, dead.
func Run(ctx context.Context, spec Spec, ready func()) error {
	dir, err := resolve(spec.Mountpoint)
	if err != nil {
		return err
	}
	spec.Mountpoint = dir
	h := hold{spec: spec}
	return h.run(ctx, ready)
}

func (h *hold) run(ctx context.Context, ready func()) error {
	if h.spec.Patience <= 0 {
		h.spec.Patience = 25 * time.Second
	}
	ctx, hurry, stop := untilSignal(ctx)
	defer stop()
	if _, err := parseOptions(h.spec.Options, false); err != nil {
		return err
	}
	var err error
	if h.claim, err = claim(h.spec.Mountpoint); err != nil {
		return err
	}
	h.score = protect()
	if err := h.prepare(ctx); err != nil {
		return errors.Join(err, h.claim.Remove())
	}
	if err := h.mount(ctx); err != nil {
		h.worker.kill()
		return errors.Join(err, h.undo(), h.claim.Remove())
	}
	ready()
	return h.finish(ctx, hurry)
}

// finish keeps the mount and tidies up after it.
func (h *hold) finish(ctx context.Context, hurry <-chan struct{}) error {
	defer h.dev.Close()
	err := h.keep(ctx, hurry)
	if err == nil {
		// The mount has gone. Nothing may be unmounted any more: the next mount at this place can
		// have our device's number already.
		return h.claim.Remove()
	}
	slog.Error("mount ended", "mountpoint", h.spec.Mountpoint, "err", err)
	return errors.Join(err, h.claim.Abandon())
}
