// Package line is a TCP line to an HTTP server that takes its time and counts what passes.
package line

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Line relays connections on loopback to a server. What the server sends arrives later by a constant
// time, without making the line narrower; what it is sent arrives at once. So each round trip takes
// that much longer.
type Line struct {
	Address string // of the near end, host:port

	far      string
	delay    time.Duration
	listener net.Listener
	running  sync.WaitGroup
	requests atomic.Int64
	bytes    atomic.Int64
	ending   chan struct{} // closed by Down

	mu    sync.Mutex // guards conns
	conns map[net.Conn]bool
}

// Traffic is what has passed a line.
type Traffic struct {
	Requests int64 // of HTTP
	Bytes    int64 // that the server has sent, all of them
}

// Since is the traffic after an earlier look.
func (t Traffic) Since(earlier Traffic) Traffic {
	return Traffic{t.Requests - earlier.Requests, t.Bytes - earlier.Bytes}
}

// New lays a line to the server at far, host:port. The owner takes it down.
func New(far string, delay time.Duration) (*Line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Line{
		Address: listener.Addr().String(), far: far, delay: delay, listener: listener,
		ending: make(chan struct{}), conns: map[net.Conn]bool{},
	}
	l.running.Go(l.accept)
	return l, nil
}

// Traffic returns what has passed so far. It may be called at any time.
func (l *Line) Traffic() Traffic { return Traffic{l.requests.Load(), l.bytes.Load()} }

// Down ends all connections and waits until nothing of the line is left. Call it once.
func (l *Line) Down() {
	l.listener.Close()
	l.mu.Lock()
	close(l.ending)
	for c := range l.conns {
		c.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
}

func (l *Line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.running.Go(func() { l.relay(near) })
	}
}

// relay passes bytes both ways until one end closes.
func (l *Line) relay(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", l.far)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.enter(near, far) {
		return
	}
	defer l.leave(near, far)
	l.running.Go(func() {
		in, done := counted(near, &l.requests)
		_, _ = io.Copy(far, in) // ends with either end
		far.Close()
		done()
	})
	l.late(near, far)
}

func (l *Line) enter(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = true
	}
	select {
	case <-l.ending:
		return false
	default:
		return true
	}
}

func (l *Line) leave(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}
