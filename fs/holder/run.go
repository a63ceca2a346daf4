package holder

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// Hold is what the holder in the background does: Run, with the spec from and the outcome to the
// command that called Mount. While that one waits, its end ends everything.
func Hold(ctx context.Context) error {
	parent, m, err := orders()
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
	})
	if err != nil {
		_ = parent.send(message{Event: failed, Error: portable(err)}, nil)
	}
	return err
}

// Run mounts as spec says, calls ready when the mount can be used, and returns after the unmount:
// nil if somebody unmounted it, also by SIGTERM, SIGINT or SIGHUP to this process or by the end of ctx. It
// unmounts lazily if the mount is in use and then waits for its last user; a second signal ends that
// wait. When it returns nothing is mounted and the worker has ended. Messages go to this process's
// standard error.
func Run(ctx context.Context, spec Spec, ready func()) error {
	dir, err := resolve(spec.Mountpoint)
	if err != nil {
		return err
	}
	spec.Mountpoint = dir
	h := hold{spec: spec}
	return h.run(ctx, ready)
}

// hold is one mount in the making and in use.
type hold struct {
	spec       Spec
	background bool

	claim  *state.Claim
	log    *os.File
	record state.Record
	worker *worker
	at     state.Mount // our own mount, once it is there
}

func (h *hold) run(ctx context.Context, ready func()) error {
	ctx, hurry, stop := untilSignal(ctx)
	defer stop()
	if _, err := parseOptions(h.spec.Options, false); err != nil {
		return err
	}
	var err error
	if h.claim, err = claim(h.spec.Mountpoint); err != nil {
		return err
	}
	if err := h.prepare(ctx); err != nil {
		return errors.Join(err, h.claim.Remove())
	}
	dev, err := h.mount(ctx)
	if err != nil {
		h.worker.kill()
		return errors.Join(err, h.undo(), h.claim.Remove())
	}
	defer dev.Close()
	ready()
	if err = h.wait(ctx, hurry); err == nil {
		// The mount has gone. Nothing may be unmounted any more: the next mount at this place can
		// have our device's number already.
		return h.claim.Remove()
	}
	err = errors.Join(err, h.undo())
	slog.Error("mount ended", "mountpoint", h.spec.Mountpoint, "err", err)
	return errors.Join(err, h.claim.Abandon())
}

// prepare starts the worker and waits until it has opened the image.
func (h *hold) prepare(ctx context.Context) error {
	if err := h.openLog(); err != nil {
		return err
	}
	var err error
	if h.worker, err = startWorker(h.spec, h.claim.Dir, h.log); err != nil {
		return err
	}
	h.record = state.Record{
		Mountpoint: h.spec.Mountpoint, Source: h.spec.Source, Started: time.Now(),
		HolderPID: os.Getpid(), WorkerPID: h.worker.pid(),
	}
	if err = h.claim.Write(h.record); err == nil {
		err = h.worker.expect(ctx, prepared)
	}
	if err != nil {
		h.worker.kill()
	}
	return err
}

// openLog chooses where holder and worker write their messages.
func (h *hold) openLog() error {
	h.log = os.Stderr
	if !h.background {
		return nil
	}
	log, err := os.OpenFile(h.claim.Dir.Log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	h.log = log
	return unix.Dup3(int(log.Fd()), int(os.Stderr.Fd()), 0)
}

// mount mounts and waits until the worker serves.
func (h *hold) mount(ctx context.Context) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dev, err := attach(h.spec)
	if err != nil {
		return nil, err
	}
	var found bool
	if h.at, found, err = state.MountAt(h.spec.Mountpoint); err != nil || !found {
		dev.Close()
		return nil, errors.Join(errors.New("the new mount is not in the mount table"), err, detach(h.spec.Mountpoint))
	}
	h.record.Device = h.at.Device
	if err = h.claim.Write(h.record); err == nil {
		err = h.worker.serve(ctx, dev)
	}
	if err != nil {
		dev.Close()
		return nil, err
	}
	raiseReadAhead(h.at.Device, h.spec.ReadAhead)
	return dev, nil
}

// wait returns when the worker has ended.
func (h *hold) wait(ctx context.Context, hurry <-chan struct{}) error {
	select {
	case <-h.worker.ended:
		return h.worker.err
	case <-ctx.Done():
	}
	if err := h.undo(); err != nil {
		h.worker.kill()
		return err
	}
	select {
	case <-h.worker.ended:
		return h.worker.err
	case <-hurry:
		h.worker.kill()
		return nil
	}
}

// undo unmounts what we have mounted, if it is still there.
func (h *hold) undo() error {
	if h.at.Device == "" {
		return nil
	}
	there, found, err := state.MountAt(h.spec.Mountpoint)
	if err != nil || !found || there.Device != h.at.Device {
		return err
	}
	err = release(h.spec.Mountpoint)
	if err == nil || errors.Is(err, unix.EINVAL) { // EINVAL: somebody else was faster
		return nil
	}
	return detach(h.spec.Mountpoint)
}
