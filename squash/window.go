package squash

import "context"

// window is a Source of which a part has been read ahead: squashfs keeps its tables together, and
// reading them one by one would cost a request each.
type window struct {
	src  Source
	off  int64 // data begins here
	data []byte
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
	return w.src.ReadAt(ctx, p, off)
}

// Size implements Source.
func (w *window) Size() int64 { return w.src.Size() }

// hold has m.src hold the metadata from start to end, until forget is called. It costs one read, or
// none if they are there already.
func (m *Image) hold(ctx context.Context, start, end int64) (forget func(), err error) {
	tail := m.src
	start, end = max(start, int64(m.sb.inodeTable)), min(end, m.sb.BytesUsed)
	if start < end && !tail.(*window).holds(start, end-start) {
		m.src, err = readWindow(ctx, tail, start, end)
	}
	return func() { m.src = tail }, err
}
