package partition

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
)

// section is a part of a source as a source of its own.
type section struct {
	disk   fetch.Source
	off, n int64
}

// newSection checks that the table does not point outside the image.
func newSection(disk fetch.Source, off, n int64) (*section, error) {
	if off < 0 || n < 0 || off > disk.Size() || n > disk.Size()-off {
		return nil, fmt.Errorf("%w: the partition is bytes %d+%d, the disk image has %d", fetch.ErrMalformed, off, n, disk.Size())
	}
	return &section{disk, off, n}, nil
}

// ReadAt implements fetch.Source.
func (s *section) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off < 0 || off > s.n || int64(len(p)) > s.n-off {
		return fmt.Errorf("bytes %d+%d are outside the partition's %d", off, len(p), s.n)
	}
	return s.disk.ReadAt(ctx, p, s.off+off)
}

// Size implements fetch.Source.
func (s *section) Size() int64 { return s.n }
