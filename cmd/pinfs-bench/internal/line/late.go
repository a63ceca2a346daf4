package line

import (
	"io"
	"net"
	"time"
)

// chunk is some bytes and when they are to arrive.
type chunk struct {
	b   []byte
	due time.Time
}

const (
	chunkSize = 64 << 10
	onTheWay  = 512 // chunks: far more than a loopback sends in the delay, so that it costs no speed
)

// late passes on what far sends, each byte when its time has come.
func (l *Line) late(near io.Writer, far net.Conn) {
	queue := make(chan chunk, onTheWay)
	l.running.Go(func() {
		defer close(queue)
		for {
			b := make([]byte, chunkSize)
			n, err := far.Read(b)
			if n > 0 {
				queue <- chunk{b[:n], time.Now().Add(l.delay)}
			}
			if err != nil {
				return
			}
		}
	})
	for c := range queue {
		if l.arrive(near, c) != nil {
			far.Close() // ends the reader; what it had read is drained here
		}
	}
}

// arrive delivers c when it is due.
func (l *Line) arrive(near io.Writer, c chunk) error {
	select {
	case <-time.After(time.Until(c.due)):
	case <-l.ending:
		return net.ErrClosed
	}
	l.bytes.Add(int64(len(c.b)))
	_, err := near.Write(c.b)
	return err
}
