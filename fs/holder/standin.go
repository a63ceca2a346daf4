package holder

import (
	"encoding/binary"
	"log/slog"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
)

// standIn looks after the device while there is no worker: it notices an unmount, and refuses requests
// once they have waited long enough.
type standIn struct {
	dev      int
	table    *inflight.File
	refusing atomic.Bool
	quitting atomic.Bool
	wake     int           // eventfd
	done     chan struct{} // closed when it has stopped
	gone     chan struct{} // closed when the mount has gone
}

func newStandIn(dev handle, table *inflight.File) *standIn {
	s := &standIn{dev: int(dev), table: table, done: make(chan struct{}), gone: make(chan struct{})}
	s.wake, _ = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	go s.run()
	return s
}

// refuse makes it end all requests with EIO, those in the table and those to come.
func (s *standIn) refuse() {
	s.refusing.Store(true)
	s.call()
}

// stop returns when it has stopped.
func (s *standIn) stop() {
	s.quitting.Store(true)
	s.call()
	<-s.done
	unix.Close(s.wake)
}

func (s *standIn) call() { _, _ = unix.Write(s.wake, binary.NativeEndian.AppendUint64(nil, 1)) }

func (s *standIn) run() {
	defer close(s.done)
	for !s.quitting.Load() {
		fds := []unix.PollFd{{Fd: int32(s.dev)}, {Fd: int32(s.wake), Events: unix.POLLIN}}
		refusing := s.refusing.Load()
		if refusing {
			fds[0].Events = unix.POLLIN
			s.refuseLeft()
		}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			slog.Error("the device can not be watched", "err", err)
			return
		}
		_, _ = unix.Read(s.wake, make([]byte, 8))
		switch {
		case fds[0].Revents&unix.POLLERR != 0:
			close(s.gone)
			return
		case refusing && fds[0].Revents&unix.POLLIN != 0:
			s.refuseNew()
		}
	}
}

// refuseLeft ends what workers have left in the table.
func (s *standIn) refuseLeft() {
	left, err := s.table.Unanswered()
	if err != nil {
		slog.Error("table of requests", "err", err)
	}
	for _, r := range left {
		refuse(s.dev, r)
		_ = s.table.Clear(r) // it is ours, it does not fail
	}
}

// refuseNew ends what the kernel has in its queue. The reader of a request may take it back between
// poll(2) and read(2), so that must not wait.
func (s *standIn) refuseNew() {
	if err := unix.SetNonblock(s.dev, true); err != nil {
		return
	}
	p := make([]byte, inflight.SlotSize)
	for !s.quitting.Load() {
		n, err := unix.Read(s.dev, p)
		switch {
		case err == unix.EINTR || err == unix.ENOENT:
		case err != nil || n == 0:
			return
		default:
			refuse(s.dev, inflight.Header(p))
		}
	}
}

// refuse ends one request with EIO. Errors mean that nobody waits for it any more.
func refuse(dev int, r inflight.Request) {
	if reply := r.Refusal(unix.EIO); reply != nil {
		_, _ = unix.Write(dev, reply)
	}
}

// gone reports whether the mount behind dev is not there any more.
func gone(dev handle) bool {
	fds := []unix.PollFd{{Fd: int32(dev)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLERR != 0
}
