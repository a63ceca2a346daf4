package squash

import (
	"context"
	"fmt"
)

// decode expands src into dst once a worker is free, and returns how many bytes that gave. What and
// off say in errors which block it was.
func (m *Image) decode(ctx context.Context, urgent <-chan struct{}, dst, src []byte, what string, off int64) (int, error) {
	if err := m.workers.Acquire(ctx, urgent); err != nil {
		return 0, err
	}
	defer m.workers.Release()
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

// inFlight calls f once there is room for n bytes beside what other loads take.
func (m *Image) inFlight(ctx context.Context, n int64, f func() error) error {
	if err := m.flight.Acquire(ctx, n); err != nil {
		return err
	}
	defer m.flight.Release(n)
	return f()
}

// withBuffer lends f n bytes. n is at most what a compressed block can have.
func (m *Image) withBuffer(n int, f func(p []byte) error) error {
	b := m.buffers.Get().(*[]byte)
	defer m.buffers.Put(b)
	return f((*b)[:n])
}
