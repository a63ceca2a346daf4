package fetchtest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Line is a TCP line on loopback to a server: a proxy that can do to connections what networks do. All
// of it may be used concurrently.
type Line struct {
	Address string // of the near end, host:port

	far      string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	fault LineFault
	times int // connections that the fault still hits
	conns map[net.Conn]bool
	down  bool
}

// LineFault is what becomes of a connection once After bytes of what the server sends have passed.
type LineFault struct {
	How   LineEnd
	After int64 // bytes
}

// LineEnd is a way in which a connection stops to be one.
type LineEnd int

const (
	// Intact is none.
	Intact LineEnd = iota
	Mute           // nothing more arrives, nothing is closed
	Snap           // a TCP reset
	Shut           // an orderly end
	Drip           // one byte at a time
)

// drip is the time between two bytes of a Drip.
const drip = 20 * time.Millisecond

// NewLine lays a line to the server at far, host:port. It is taken down when the test ends.
func NewLine(t testing.TB, far string) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{Address: listener.Addr().String(), far: far, listener: listener, conns: map[net.Conn]bool{}}
	l.running.Go(l.accept)
	t.Cleanup(l.Down)
	return l
}

// Break has the next connections, so many of them, suffer the fault.
func (l *Line) Break(fault LineFault, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.times = fault, times
}

// Down ends all connections and refuses new ones, for good.
func (l *Line) Down() {
	l.listener.Close()
	l.mu.Lock()
	l.down = true
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
	hungUp := make(chan struct{})
	l.running.Go(func() {
		io.Copy(far, near)
		far.Close()
		close(hungUp)
	})
	l.next().pass(near, far, hungUp)
}

func (l *Line) enter(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = true
	}
	return !l.down
}

func (l *Line) leave(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}

// next returns the fault of a new connection.
func (l *Line) next() LineFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.times == 0 {
		return LineFault{}
	}
	l.times--
	return l.fault
}

// pass sends near what far sends, as far as the fault lets it; hungUp is closed once near has ended.
func (f LineFault) pass(near, far net.Conn, hungUp <-chan struct{}) {
	if f.How != Intact {
		if _, err := io.CopyN(near, far, f.After); err != nil {
			return
		}
	}
	switch f.How {
	case Intact:
		io.Copy(near, far)
	case Mute:
		<-hungUp
	case Snap:
		near.(*net.TCPConn).SetLinger(0)
	case Drip:
		io.Copy(near, slowly{far})
	}
}

// slowly reads one byte at a time.
type slowly struct{ net.Conn }

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(drip)
	return s.Conn.Read(p[:1])
}
