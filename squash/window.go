package squash

import (
	"context"
	"sync/atomic"
)

// window is a Source of which a part has been read ahead: squashfs keeps its tables together, and
// reading them one by one would cost a request each.
type window struct {
	src  Source
	off  int64 // data begins here
	data []byte

	second atomic.Pointer[window] // another part, while the image is being opened; nil after that
}

var _ Source = (*window)(nil)

// readWindow reads src from start to end at once.
func readWindow(ctx context.Context, src Source, start, end int64) (*window, error) {
	w := &window{src: src, off: start, data: make([]byte, end-start)}
	return w, src.ReadAt(ctx, w.data, start)
}

// holds reports whether n bytes at off are in the window.
func (w *window) holds(off, n int64) bool {
	return off >= w.off && off-w.off+n <= int64(len(w.data))
}

// ReadAt implements Source.
func (w *window) ReadAt(ctx context.Context, p []byte, off int64) error {
	if w.holds(off, int64(len(p))) {
		copy(p, w.data[off-w.off:])
		return nil
	}
	if second := w.second.Load(); second != nil {
		return second.ReadAt(ctx, p, off)
	}
	return w.src.ReadAt(ctx, p, off)
}

// Size implements Source.
func (w *window) Size() int64 { return w.src.Size() }

// hold has w hold the bytes from start to end as well, until forget is called. It costs one read, or
// none if they are there already.
func (w *window) hold(ctx context.Context, start, end int64) (forget func(), err error) {
	if start < end && !w.holds(start, end-start) {
		second, err := readWindow(ctx, w.src, start, end)
		if err != nil {
			return nil, err
		}
		w.second.Store(second)
	}
	return func() { w.second.Store(nil) }, nil
}

// hold has the metadata from start to end held.
func (m *Image) hold(ctx context.Context, start, end int64) (forget func(), err error) {
	return m.src.hold(ctx, max(start, int64(m.sb.inodeTable)), min(end, m.sb.BytesUsed))
}
