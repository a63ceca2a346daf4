package holder

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
)

// Job is what a worker has to do.
type Job struct {
	Spec      Spec
	Run       state.Dir // where its status socket and its log belong
	HolderPID int
	Started   time.Time // when the mount began, perhaps with another worker
	Log       io.Writer // for its messages
}

// Server is an image that is open and verified.
//
// Check returns why it can not go on with what other workers have begun, nil if it can or none has.
// Serve answers the requests that come through conn, calls ready once when the first is answered, and
// returns nil after the unmount or when it is drained, or an error soon after the end of ctx.
type Server interface {
	Check(table *inflight.File) error
	Serve(ctx context.Context, conn inflight.Conn, ready func()) error
}

// errHolderGone ends a worker whose holder died: nobody would unmount after it.
var errHolderGone = errors.New("the holder has ended")

// Work is what the worker does: it calls prepare, reports the outcome, serves, and returns after the
// unmount, when another worker is to go on, or soon after the end of the holder, which is when its
// process should end. prepare must return soon after the end of its ctx, and leave to Server.Serve
// whatever only one process can do. Signals that end the holder do not end the worker: it serves
// until the mount has gone.
func Work(ctx context.Context, prepare func(ctx context.Context, job Job) (Server, error)) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	parent, m, file, err := orders()
	if err != nil {
		return err
	}
	defer parent.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	devices, drained := make(chan handle, 1), make(chan struct{})
	go listen(parent, devices, drained, cancel)
	table, err := inflight.Open(file)
	var server Server
	if err == nil {
		run := state.Dir(m.Run)
		server, err = prepare(ctx, Job{Spec: *m.Spec, Run: run, HolderPID: os.Getppid(), Started: m.Started, Log: workerLog(run)})
	}
	if err == nil {
		err = server.Check(table)
	}
	if err != nil {
		_ = parent.send(message{Event: failed, Error: portable(err)}, nil)
		return err
	}
	if err := parent.send(message{Event: prepared}, nil); err != nil {
		return err
	}
	conn := inflight.Conn{Table: table, Drain: drained}
	select {
	case dev := <-devices:
		defer dev.Close()
		conn.Device = int(dev)
		return server.Serve(ctx, conn, func() { _ = parent.send(message{Event: serving}, nil) })
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listen passes on what the holder says, and ends everything when the holder ends.
func listen(parent *link, devices chan<- handle, drained chan<- struct{}, cancel context.CancelCauseFunc) {
	for {
		m, file, err := parent.receive()
		switch {
		case err != nil:
			cancel(errHolderGone)
			return
		case m.Event == device:
			devices <- file
		case m.Event == drain:
			close(drained)
		}
	}
}
