package holder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// worker is the holder's side of a worker process.
type worker struct {
	process
	log   string        // file that it writes to; empty if unknown
	quiet int64         // bytes that were in it before
	since time.Time     // when it was seen to serve
	ended chan struct{} // closed when the process has ended
	err   error         // why, if not well; valid then
}

// startWorker starts executable as a worker and tells it the spec.
func (h *hold) startWorker(executable string) (*worker, error) {
	h.trimLog()
	said := fileSize(h.log)
	child, err := spawn(executable, h.spec.Worker, h.log, nil)
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	h.score.setWorker(child.Pid)
	w := h.watch(child)
	w.quiet = said
	start := message{Event: start, Spec: &h.spec, Run: string(h.claim.Place()), Started: h.record.Started}
	if err := w.link.send(start, h.table.File()); err != nil {
		w.kill()
		return nil, w.early(prepared, err)
	}
	return w, nil
}

// early is the error of a worker that has ended before it was what; err if it did not fail.
func (w *worker) early(what event, err error) error {
	return fmt.Errorf("worker ended before it was %s: %w%s", what, cmp.Or(w.err, err), w.lastWords())
}

// watch makes a worker of a process and waits for its end.
func (h *hold) watch(child *process) *worker {
	w := &worker{process: *child, ended: make(chan struct{})}
	if h.background {
		w.log = h.claim.Place().Log()
	}
	go func() {
		defer close(w.ended)
		if err := w.wait(); err != nil {
			w.err = fmt.Errorf("worker %d: %w", w.Pid, err)
		}
	}()
	return w
}

// kill ends the worker at once and waits for its end. Calling it again is safe.
func (w *worker) kill() {
	_ = w.Kill() // the only error is that it has ended already
	<-w.ended
	w.link.close()
}

// drainWithin is how long a worker that is replaced has for what it works on. What it has not answered
// then its successor begins with again.
const drainWithin = 5 * time.Second

// drain makes the worker answer what it has, and ends it.
func (w *worker) drain() {
	if w.link.send(message{Event: drain}, nil) == nil {
		select {
		case <-w.ended:
		case <-time.After(drainWithin):
		}
	}
	w.kill()
}

// expect waits until the worker reports what.
func (w *worker) expect(ctx context.Context, what event) error {
	stop := context.AfterFunc(ctx, w.link.close)
	defer stop()
	err := w.process.expect(what)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		<-w.ended
		return w.early(what, err)
	}
	return err
}

// serve hands the mounted device over and waits until the worker has answered on it.
func (w *worker) serve(ctx context.Context, dev handle) error {
	if err := w.link.send(message{Event: device}, dev); err != nil {
		return fmt.Errorf("worker %d: %w", w.Pid, err)
	}
	err := w.expect(ctx, serving)
	w.since = time.Now()
	return err
}
