// Package partition finds a partition inside a disk image.
package partition

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"

	"github.com/diskfs/go-diskfs/partition"
	"github.com/diskfs/go-diskfs/partition/part"

	"github.com/pinfs/pinfs/fetch"
)

// sectorSize is what partition tables of images count in.
const sectorSize = 512

// Open returns the bytes of partition number (from 1, as the kernel counts) of a disk image with a
// GPT or MBR table. Errors match fetch.ErrMalformed if there is no such table, fetch.ErrNotFound if
// it has no such partition, or are disk's own.
func Open(ctx context.Context, disk fetch.Source, number int) (fetch.Source, error) {
	if err := guard(ctx, disk); err != nil {
		return nil, err
	}
	parts, err := read(ctx, disk)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.GetIndex() == number && p.GetSize() > 0 {
			return newSection(disk, p.GetStart(), p.GetSize())
		}
	}
	return nil, fmt.Errorf("%w: the disk image has no partition %d", fetch.ErrNotFound, number)
}

// read parses the table. The parser is not ours and the table may be anything: a panic in it is one
// more way to be malformed.
func read(ctx context.Context, disk fetch.Source) (parts []part.Partition, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: partition table: %v", fetch.ErrMalformed, r)
		}
	}()
	r := &readerAt{ctx: ctx, src: disk}
	table, err := partition.Read(&file{io.NewSectionReader(r, 0, disk.Size())}, sectorSize, sectorSize)
	switch {
	case err == nil:
		return table.GetPartitions(), nil
	case r.err != nil: // the parser does not pass it on
		return nil, r.err
	}
	return nil, fmt.Errorf("%w: no partition table: %w", fetch.ErrMalformed, err)
}

// file is a disk image as the parser wants it.
type file struct{ *io.SectionReader }

func (*file) Stat() (iofs.FileInfo, error) { return nil, iofs.ErrInvalid }
func (*file) Close() error                 { return nil }

// readerAt is a source as an io.ReaderAt, for the duration of one call.
type readerAt struct {
	ctx context.Context
	src fetch.Source
	err error // the first failure
}

func (r *readerAt) ReadAt(p []byte, off int64) (int, error) {
	// io.SectionReader asks for nothing outside the image.
	if err := r.src.ReadAt(r.ctx, p, off); err != nil {
		r.err = err
		return 0, err
	}
	return len(p), nil
}
