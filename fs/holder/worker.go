package holder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pinfs/pinfs/fs/state"
)

// worker is the holder's side of its worker process.
type worker struct {
	process
	log   string        // file that it writes to; empty if unknown
	ended chan struct{} // closed when the process has ended
	err   error         // why, if not well; valid then
}

// startWorker starts the worker and tells it the spec.
func startWorker(spec Spec, run state.Dir, log *os.File) (*worker, error) {
	child, err := spawn(spec.Worker, log, nil)
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	w := &worker{process: *child, ended: make(chan struct{})}
	if log != os.Stderr {
		w.log = log.Name()
	}
	go func() {
		defer close(w.ended)
		if err := w.cmd.Wait(); err != nil {
			w.err = fmt.Errorf("worker %d: %w", w.pid(), err)
		}
	}()
	if err := w.link.send(message{Event: start, Spec: &spec, Run: string(run)}, nil); err != nil {
		w.kill()
		return nil, fmt.Errorf("worker %d: %w", w.pid(), err)
	}
	return w, nil
}

func (w *worker) pid() int { return w.cmd.Process.Pid }

// kill ends the worker at once and waits for its end. Calling it again is safe.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill() // the only error is that it has ended already
	<-w.ended
	w.link.close()
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
		return fmt.Errorf("worker ended before it was %s: %w%s", what, cmp.Or(w.err, io.EOF), w.lastWords())
	}
	return err
}

// serve hands the mounted device over and waits until the worker has answered on it.
func (w *worker) serve(ctx context.Context, dev *os.File) error {
	if err := w.link.send(message{Event: device}, dev); err != nil {
		return fmt.Errorf("worker %d: %w", w.pid(), err)
	}
	return w.expect(ctx, serving)
}

// lastWords returns the last line of the log, which goes away with a mount that never came up.
func (w *worker) lastWords() string {
	if w.log == "" {
		return ""
	}
	b, err := os.ReadFile(w.log)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return ": " + lines[len(lines)-1]
}
