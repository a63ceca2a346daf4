package holder

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

const (
	prepareWithin = 2 * time.Minute  // far more than a worker's own deadlines leave it
	serveWithin   = 10 * time.Second // it only has to take over
	bothWithin    = 2 * time.Second  // how long readers without a worker wait for one that comes for an upgrade
)

// call starts a successor, for o or, if that is nil, because a worker was lost.
func (h *hold) call(o *order) {
	h.change.pause = nil
	if h.change.coming {
		return // of an upgrade; it does for both
	}
	h.mend()
	h.change.coming = true
	s, executable, carry := &successor{order: o}, ownExecutable, h.carry()
	life, abandon := context.WithCancelCause(h.change.life)
	ctx, cancel := context.WithTimeoutCause(life, prepareWithin, fmt.Errorf("worker: no answer within %v", prepareWithin))
	if o != nil {
		executable = o.executable
		h.change.abandon = func() {
			abandon(fmt.Errorf("%w: the worker of %s has ended meanwhile, and the new version takes long: try again", fetch.ErrConflict, h.spec.Mountpoint))
		}
		go o.onEnd(cancel)
	}
	h.change.tasks.Go(func() {
		defer abandon(nil)
		defer cancel()
		if o != nil { // first, for who knows what that is
			s.err = carry.rehearse(ctx, executable)
		}
		if s.err == nil {
			s.worker, s.err = h.startWorker(executable)
		}
		if s.err == nil {
			go h.trimLogUntil(ctx)
			s.err = s.worker.expect(ctx, prepared)
		}
		if s.err != nil && s.worker != nil {
			s.worker.kill()
		}
		h.change.prepared <- s
	})
}

// handOver gives the device to s, which is ready for it.
func (h *hold) handOver(s *successor) {
	h.change.abandon = nil
	if s.err != nil {
		h.change.coming = false
		h.complain("worker did not come up", s.err)
		h.rolledBack(s)
		if h.worker == nil {
			h.change.pause = time.After(h.change.backoff.next(0))
		}
		return
	}
	old, standIn := h.worker, h.change.standIn
	if old != nil { // it served; what was before it is over
		h.change.trouble, h.change.backoff = time.Time{}, backoff{}
	}
	h.worker, h.change.standIn = nil, nil
	h.change.tasks.Go(func() {
		if old != nil {
			old.drain()
		} else {
			standIn.stop()
		}
		ctx, cancel := context.WithTimeoutCause(h.change.life, serveWithin, fmt.Errorf("worker: does not take over within %v", serveWithin))
		defer cancel()
		if s.err = s.worker.serve(ctx, h.dev); s.err != nil {
			s.worker.kill()
		}
		h.change.served <- s
	})
}

// welcome is called when s serves or has failed to.
func (h *hold) welcome(s *successor) {
	h.change.coming = false
	if s.err != nil {
		h.rolledBack(s)
		h.bereft(s.err, 0)
		return
	}
	h.worker, h.change.patience, h.change.pause, h.change.said = s.worker, nil, nil, ""
	h.record.WorkerPID = s.worker.Pid
	h.note()
	slog.Info("worker serves", "mountpoint", h.spec.Mountpoint, "pid", s.worker.Pid)
	switch {
	case s.order == nil:
	case h.ending.asked: // which the next version would not know of
		s.order.report(unmounting(h.spec.Mountpoint))
	default:
		h.dog.settle() // a thread that waits would keep execve(2) waiting
		s.order.report(h.become(s.worker.Pid, s.order))
	}
}

func unmounting(mountpoint string) error {
	return fmt.Errorf("%w: %s is being unmounted", fetch.ErrConflict, mountpoint)
}

// complain logs what is in the way of a worker, the same reason once.
func (h *hold) complain(what string, err error) {
	if err.Error() != h.change.said {
		slog.Warn(what, "mountpoint", h.spec.Mountpoint, "err", err)
	}
	h.change.said = err.Error()
}

// rolledBack tells who called for s that it does not come.
func (h *hold) rolledBack(s *successor) {
	if s.order != nil {
		s.order.report(fmt.Errorf("%s goes on with the version it had: %w", h.spec.Mountpoint, s.err))
	}
}

// obey begins an upgrade.
func (h *hold) obey(o *order) {
	switch {
	case h.ending.asked:
		o.report(unmounting(h.spec.Mountpoint))
	case h.change.coming:
		o.report(fmt.Errorf("%w: another worker is taking over %s just now: try again", fetch.ErrConflict, h.spec.Mountpoint))
	default:
		h.call(o)
	}
}
