package squash

import "context"

// section is a Source without its first bytes.
type section struct {
	src Source
	off int64 // bytes left out
}

var _ Source = (*section)(nil)

// sectionFrom returns src from byte off on.
func sectionFrom(src Source, off int64) (Source, error) {
	if off == 0 {
		return src, nil
	}
	if off > src.Size() {
		return nil, malformed(0, "superblock", "not a squashfs: it should begin at byte %d of an image of %d", off, src.Size())
	}
	return &section{src, off}, nil
}

// ReadAt implements Source.
func (s *section) ReadAt(ctx context.Context, p []byte, off int64) error {
	return s.src.ReadAt(ctx, p, s.off+off)
}

// Size implements Source.
func (s *section) Size() int64 { return s.src.Size() - s.off }
