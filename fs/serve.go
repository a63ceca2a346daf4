package fs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// idleReaders is how many goroutines wait in read(2) for the next request. One more would only add
// a wake-up; one less would make a request wait for another one's start.
const idleReaders = 2

// loop reads requests and answers them. A goroutine answers the request that it read; when the last
// waiting one has got work, another is started. So a slow READ stops nobody else.
type loop struct {
	server  *Server
	fd      int
	proto   *fuse.ProtocolServer
	buffers buffers
	ended   context.CancelCauseFunc // ends the loop and all requests; nil cause = unmounted
	all     sync.WaitGroup          // the goroutines
	waiting atomic.Int32            // of them, those in read(2) or about to be
	total   atomic.Int32
}

// errUnmounted is the good end.
var errUnmounted = errors.New("unmounted")

// Serve answers the requests that come through fd, an open /dev/fuse that is mounted, and calls
// ready once the kernel's first one is answered, which is when the mount can be used. It returns nil
// after the unmount. When ctx ends first it returns at once with ctx's cause; requests in flight and
// goroutines blocked in fd then end with the process. Serve does not close fd. Call it once.
func (s *Server) Serve(ctx context.Context, fd int, ready func()) error {
	if err := unix.SetNonblock(fd, false); err != nil {
		return fmt.Errorf("fuse device: %w", err)
	}
	ctx, ended := context.WithCancelCause(ctx)
	defer ended(nil)
	s.alive = ctx
	l := &loop{server: s, fd: fd, ended: ended, proto: fuse.NewProtocolServer(s.handlers(), s.options())}
	if err := l.first(); err != nil {
		return err
	}
	for range idleReaders {
		l.start()
	}
	ready()
	<-ctx.Done()
	if cause := context.Cause(ctx); cause != errUnmounted {
		return cause
	}
	l.all.Wait()
	return nil
}

// first answers the INIT request.
func (l *loop) first() error {
	in := l.buffers.request()
	defer l.buffers.giveRequest(in)
	n, err := l.read(*in)
	if err != nil {
		return fmt.Errorf("fuse device: first request: %w", err)
	}
	if op := request((*in)[:n]).opcode(); op != opInit {
		return fmt.Errorf("fuse device: first request has opcode %d, want %d", op, opInit)
	}
	return l.answer((*in)[:n])
}

// start adds a goroutine. The caller must be one of the loop's own or hold the loop open.
func (l *loop) start() {
	l.waiting.Add(1)
	l.total.Add(1)
	l.all.Add(1)
	go l.run()
}

func (l *loop) run() {
	defer l.all.Done()
	defer l.total.Add(-1)
	in := l.buffers.request()
	defer l.buffers.giveRequest(in)
	for {
		n, err := l.read(*in)
		left := l.waiting.Add(-1)
		if err != nil {
			l.end(err)
			return
		}
		if left == 0 && int(l.total.Load()) < l.server.cfg.MaxRequests {
			l.start()
		}
		if err := l.answer((*in)[:n]); err != nil {
			l.end(err)
			return
		}
		if l.waiting.Add(1) > idleReaders {
			l.waiting.Add(-1)
			return
		}
	}
}

// end stops the loop for err, which is ENODEV after an unmount.
func (l *loop) end(err error) {
	if errors.Is(err, unix.ENODEV) {
		err = errUnmounted
	}
	l.ended(err)
}

// read waits for one request.
func (l *loop) read(p []byte) (int, error) {
	for {
		n, err := unix.Read(l.fd, p)
		switch err {
		case nil:
			if n < headerSize {
				return 0, fmt.Errorf("fuse device: request of %d bytes", n)
			}
			return n, nil
		case unix.EINTR, unix.EAGAIN, unix.ENOENT: // ENOENT: the request was taken back
		default:
			return 0, fmt.Errorf("fuse device: %w", err)
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
	if in.opcode() == opInit {
		shrinkWrites((*out)[:n])
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
		case unix.EINTR, unix.EAGAIN:
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
