package squash

import (
	"context"
	"fmt"
	"sync"
)

// decode expands src into dst once a worker is free, and returns how many bytes that gave. What and
// off say in errors which block it was.
func (m *Image) decode(ctx context.Context, urgent <-chan struct{}, dst, src []byte, what string, off int64) (int, error) {
	place, err := m.workers.Acquire(ctx, urgent)
	if err != nil {
		return 0, err
	}
	defer place.Release()
	n, err := m.guardedDecode(dst, src)
	if err != nil {
		return 0, &FormatError{Off: off, What: what, Err: fmt.Errorf("%v: %w", m.sb.Compressor, err)}
	}
	return n, nil
}

// guardedDecode makes a panic of a decoder library an error: bad bytes may cost one file, never the
// process that serves all the others.
func (m *Image) guardedDecode(dst, src []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoder panicked: %v", r)
		}
	}()
	return m.codec.Decode(dst, src)
}

// buffers lends memory for what is read of the image, size bytes a piece.
type buffers struct {
	size int
	pool sync.Pool // of *[]byte
}

// lend calls f with n bytes, at most size.
func (b *buffers) lend(n int, f func(p []byte) error) error {
	p, ok := b.pool.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, b.size)
		p = &fresh
	}
	defer b.pool.Put(p)
	return f((*p)[:n])
}
