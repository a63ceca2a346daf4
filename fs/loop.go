package fs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
)

// loop reads requests and answers them. A goroutine answers the request that it read. One of them at a
// time waits for the kernel, in the runtime's poller: one that waits in read(2) would keep a processor
// from those that decode, for milliseconds. The next one is there already and follows; when that has got
// work, too, another is started. So a slow READ stops nobody else. Each goroutine has a slot of the
// table for its requests.
type loop struct {
	server  *Server
	fd      int
	device  syscall.RawConn // the same
	proto   *fuse.ProtocolServer
	table   *inflight.Table
	buffers buffers
	ended   context.CancelCauseFunc // ends the loop and all requests; nil cause = unmounted
	all     sync.WaitGroup          // the goroutines
	waiting atomic.Int32            // of them, those that wait for a request
	total   atomic.Int32
	drain   drain
}

// idleReaders is how many goroutines wait for the next request: one in the poller, one behind it.
const idleReaders = 2

// start adds a goroutine, if there is a slot for it. The caller must be one of the loop's own or hold
// the loop open.
func (l *loop) start() {
	slot, ok := l.table.Take()
	if !ok {
		return // one that is at work will wait for the next request after it
	}
	l.waiting.Add(1)
	l.total.Add(1)
	l.all.Go(func() { l.run(slot, false) })
}

// run answers request after request; the first is in slot already if has.
func (l *loop) run(slot *inflight.Slot, has bool) {
	defer l.table.Give(slot)
	defer l.total.Add(-1)
	for (has || l.next(slot)) && l.work(slot) && l.stay() {
		has = false
	}
}

// next waits for a request; false if the loop has ended.
func (l *loop) next(slot *inflight.Slot) bool {
	err := l.read(slot.Buffer())
	left := l.waiting.Add(-1)
	if err != nil {
		if !l.drain.begun() {
			l.end(err)
		}
		return false
	}
	if !l.drain.enter() {
		return false
	}
	if left == 0 && int(l.total.Load()) < l.server.cfg.MaxRequests && !l.drain.begun() {
		l.start()
	}
	return true
}

// stay reports whether this goroutine should wait for another request.
func (l *loop) stay() bool {
	if l.drain.begun() {
		return false
	}
	for {
		n := l.waiting.Load()
		if n >= idleReaders {
			return false
		}
		// Not added and taken back: in between the others would rely on this one.
		if l.waiting.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// work answers the request in slot and notes that it did; false if the loop has ended.
func (l *loop) work(slot *inflight.Slot) bool {
	defer l.drain.leave()
	began := time.Now()
	err := l.answer(slot.Request())
	slot.Clear()
	l.server.latencies.add(time.Since(began))
	if err != nil {
		l.end(err)
	}
	return err == nil
}

// end stops the loop for err, which is ENODEV after an unmount.
func (l *loop) end(err error) {
	if errors.Is(err, unix.ENODEV) {
		err = errUnmounted
	}
	l.ended(err)
}

// read waits for one request, which says itself how long it is.
func (l *loop) read(p []byte) error {
	var n int
	var err error
	closed := l.device.Read(func(uintptr) bool {
		n, err = l.tryRead(p)
		return err != unix.EAGAIN
	})
	switch {
	case closed != nil && (l.drain.begun() || l.server.alive.Err() != nil):
		return closed
	case closed != nil:
		// After an unmount the poller says, to all but the first one, that it can not wait. Why, the device says.
		n, err = l.tryRead(p)
	}
	switch {
	case err != nil:
		return fmt.Errorf("fuse device: %w", err)
	case n < headerSize:
		return fmt.Errorf("fuse device: request of %d bytes", n)
	}
	return nil
}

// tryRead reads one request, EAGAIN if there is none.
func (l *loop) tryRead(p []byte) (n int, err error) {
	for {
		n, err = unix.Read(l.fd, p)
		if err != unix.EINTR && err != unix.ENOENT { // ENOENT: the request was taken back
			return n, err
		}
	}
}

// answer works on one request and writes its reply, if it has one.
func (l *loop) answer(in request) error {
	l.server.requests.Add(1)
	if code, direct := in.direct(); direct {
		return l.write(errorReply(in, code))
	}
	out := l.buffers.reply(in.replySize())
	defer l.buffers.giveReply(out)
	n, code := l.proto.HandleRequest([][]byte{in}, [][]byte{*out})
	if code != fuse.OK {
		return l.write(errorReply(in, fuse.EIO))
	}
	if n == 0 {
		return nil
	}
	return l.write((*out)[:n])
}

// write sends one reply, whole.
func (l *loop) write(p []byte) error {
	for {
		_, err := unix.Write(l.fd, p)
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN: // a socket in the place of the device is full
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLOUT}}, -1)
			continue
		case nil, unix.ENOENT: // ENOENT: nobody waits for it any more
			return nil
		case unix.ENODEV:
			return err
		}
		// A reply that the kernel refuses concerns its request only; it was answered with EIO then.
		l.server.cfg.Log.Warn("reply refused by the kernel", "image", l.server.cfg.Name, "n", len(p), "err", err)
		return nil
	}
}
