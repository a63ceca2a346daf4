package publish

import (
	"context"
	"io"
	"sync"

	"github.com/pinfs/pinfs/fetch"
)

const (
	aheadChunk = 4 << 20 // bytes of one request: enough for the round trip not to matter
	aheadMost  = 4       // requests at a time
)

// ahead reads a source in order, some requests ahead of its reader. Close it after use.
type ahead struct {
	ctx    context.Context // of all requests, which io.Reader has no place for
	cancel context.CancelFunc
	chunks chan chan chunk // in order; closed after the last one
	now    []byte          // what the reader has not taken of the current one
	work   sync.WaitGroup
}

// chunk is the answer to one request.
type chunk struct {
	b   []byte
	err error
}

func newAhead(ctx context.Context, src fetch.Source) *ahead {
	a := &ahead{chunks: make(chan chan chunk, aheadMost-2)} // one more is being read, one more waits to be queued
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.work.Go(func() { a.ask(src) })
	return a
}

// ask sends all requests, each as soon as there is room.
func (a *ahead) ask(src fetch.Source) {
	defer close(a.chunks)
	for off := int64(0); off < src.Size(); off += aheadChunk {
		answer := make(chan chunk, 1)
		a.work.Go(func() {
			p := make([]byte, min(aheadChunk, src.Size()-off))
			err := src.ReadAt(a.ctx, p, off)
			answer <- chunk{p, err}
		})
		select {
		case a.chunks <- answer:
		case <-a.ctx.Done():
			return
		}
	}
}

// Read implements io.Reader. It ends with io.EOF only after the last byte.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.now) == 0 {
		answer, ok := <-a.chunks
		if !ok && a.ctx.Err() != nil {
			return 0, context.Cause(a.ctx)
		}
		if !ok {
			return 0, io.EOF
		}
		c := <-answer
		if c.err != nil {
			return 0, c.err
		}
		a.now = c.b
	}
	n := copy(p, a.now)
	a.now = a.now[n:]
	return n, nil
}

// Close ends what is under way and waits for it.
func (a *ahead) Close() {
	a.cancel()
	a.work.Wait()
}
