package holder

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/pinfs/pinfs/fs/state"
)

// Job is what a worker has to do.
type Job struct {
	Spec      Spec
	Run       state.Dir // where its status socket and its log belong
	HolderPID int
}

// Server is an image that is open and verified. Serve answers the requests that come through fd, a
// mounted /dev/fuse, calls ready once when the first is answered, and returns nil after the unmount
// or an error soon after the end of ctx.
type Server interface {
	Serve(ctx context.Context, fd int, ready func()) error
}

// errHolderGone ends a worker whose holder died: nobody would unmount after it.
var errHolderGone = errors.New("the holder has ended")

// Work is what the worker does: it calls prepare, reports the outcome, serves, and returns after the
// unmount or soon after the end of the holder, which is when its process should end. prepare must
// return soon after the end of its ctx. Signals that end the holder do not end the worker: it
// serves until the mount has gone.
func Work(ctx context.Context, prepare func(ctx context.Context, job Job) (Server, error)) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	parent, m, err := orders()
	if err != nil {
		return err
	}
	defer parent.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	devices := make(chan *os.File, 1)
	go listen(parent, devices, cancel)
	server, err := prepare(ctx, Job{Spec: *m.Spec, Run: state.Dir(m.Run), HolderPID: os.Getppid()})
	if err != nil {
		_ = parent.send(message{Event: failed, Error: portable(err)}, nil)
		return err
	}
	if err := parent.send(message{Event: prepared}, nil); err != nil {
		return err
	}
	select {
	case dev := <-devices:
		defer dev.Close()
		return server.Serve(ctx, int(dev.Fd()), func() { _ = parent.send(message{Event: serving}, nil) })
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listen passes the device on, and ends everything when the holder ends.
func listen(parent *link, devices chan<- *os.File, cancel context.CancelCauseFunc) {
	for {
		_, dev, err := parent.receive()
		if err != nil {
			cancel(errHolderGone)
			return
		}
		if dev != nil {
			devices <- dev
		}
	}
}
