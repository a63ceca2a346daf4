package fs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
)

// errUnmounted is the good end, errDrained the other one.
var (
	errUnmounted = errors.New("unmounted")
	errDrained   = errors.New("drained")
)

// Serve answers the requests that come through conn's device, an open /dev/fuse that is mounted, and
// calls ready once the kernel's first one is answered, which is when the mount can be used. Where
// another process has begun it answers what that one left, and goes on.
//
// It returns nil after the unmount, and soon after conn.Drain has closed: then what was read is
// answered, or in the table, and nothing more is read. When ctx ends first it returns at once with ctx's cause. Requests in
// flight, then, end with the process. Call it once.
func (s *Server) Serve(ctx context.Context, conn inflight.Conn, ready func()) error {
	device, err := pollable(conn.Device)
	if err != nil {
		return fmt.Errorf("fuse device: %w", err)
	}
	defer device.Close()
	table, err := conn.Table.Map()
	if err != nil {
		return err
	}
	ctx, ended := context.WithCancelCause(ctx)
	defer ended(nil)
	s.alive = ctx
	l := &loop{server: s, fd: conn.Device, table: table, ended: ended, proto: s.protocol()}
	if l.device, err = device.SyscallConn(); err != nil {
		return fmt.Errorf("fuse device: %w", err)
	}
	if err := l.begin(conn.Table); err != nil {
		return err
	}
	for range idleReaders {
		l.start()
	}
	ready()
	select {
	case <-ctx.Done():
	case <-conn.Drain:
		l.drain.begin(func() { ended(errDrained) })
		device.Close()
		<-ctx.Done()
	}
	switch cause := context.Cause(ctx); cause {
	case errUnmounted:
		l.all.Wait()
		return table.Close()
	case errDrained:
		return nil
	default:
		return cause
	}
}

// pollable returns another descriptor of the device, with which the runtime can wait for it.
func pollable(device int) (*os.File, error) {
	if err := unix.SetNonblock(device, true); err != nil {
		return nil, err
	}
	fd, err := unix.FcntlInt(uintptr(device), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "fuse device"), nil
}

func (s *Server) protocol() *fuse.ProtocolServer {
	return fuse.NewProtocolServer(s.handlers(), s.options())
}
