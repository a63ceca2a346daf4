package squash

import "context"

// tail is a Source of which the last bytes have been read ahead: squashfs keeps its tables there,
// and reading them one by one would cost a request each.
type tail struct {
	src  Source
	off  int64 // data begins here
	data []byte
	end  int64 // the file system ends here; the source may go on
}

var _ Source = (*tail)(nil)

// readTail reads at most limit bytes from start to end, the last ones if there are more.
func readTail(ctx context.Context, src Source, start, end, limit int64) (*tail, error) {
	start = max(start, end-limit)
	t := &tail{src: src, off: start, data: make([]byte, end-start), end: end}
	if err := src.ReadAt(ctx, t.data, start); err != nil {
		return nil, err
	}
	return t, nil
}

// ReadAt implements Source.
func (t *tail) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off >= t.off && off-t.off+int64(len(p)) <= int64(len(t.data)) {
		copy(p, t.data[off-t.off:])
		return nil
	}
	return t.src.ReadAt(ctx, p, off)
}

// Size implements Source.
func (t *tail) Size() int64 { return t.end }
