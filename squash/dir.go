package squash

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	iofs "io/fs"
)

// DirPos is a place in a directory's listing: 0 is the start, Entry.Next the place behind an entry.
// It depends on nothing but the image, so it stays valid across restarts.
//
// A listing is made of runs, each a header and up to 256 entries. DirPos is the header's offset in
// the listing << 17 | the entry's offset behind the header.
type DirPos uint64

const dirPosShift = 17 // a run's entries take at most 256 * 264 bytes

// Entry is one name of a directory.
type Entry struct {
	Name   string // any bytes but NUL and '/', at most 256
	Ref    Ref
	Number uint32 // inode number
	Type   uint32 // S_IFxxx
	Next   DirPos // the position behind this entry
}

// ReadDir yields dir's entries from pos on, in the image's order (sorted by bytes), without "." and
// "..", until yield returns false. It takes time in proportion to what it yields and what the
// directory index can not skip, at most about 16 KiB of the listing where there is one. A pos that
// is none of this directory gives an error that matches fs.ErrInvalid.
func (m *Image) ReadDir(ctx context.Context, dir *Inode, pos DirPos, yield func(Entry) bool) error {
	r, err := m.openDir(ctx, dir, pos)
	if err != nil {
		return err
	}
	for r.more() {
		e, err := r.next(ctx)
		if err != nil {
			return err
		}
		if !yield(Entry{string(e.name), e.ref, e.number, e.mode, r.pos()}) {
			return nil
		}
	}
	return nil
}

// openDir returns a reader that stands at pos.
func (m *Image) openDir(ctx context.Context, dir *Inode, pos DirPos) (*dirReader, error) {
	off := int64(pos >> dirPosShift)
	r, err := m.dirReader(ctx, dir, func(i dirIndex) bool { return i.off <= off })
	if err != nil {
		return nil, err
	}
	for r.more() && r.pos() < pos {
		if _, err := r.next(ctx); err != nil {
			return nil, err
		}
	}
	if r.pos() != pos {
		return nil, fmt.Errorf("directory inode %d has no position %#x: %w", dir.Number, uint64(pos), iofs.ErrInvalid)
	}
	return r, nil
}

// Lookup finds name in dir. The error is fs.ErrNotExist if it is not there.
func (m *Image) Lookup(ctx context.Context, dir *Inode, name string) (Entry, error) {
	r, err := m.dirReader(ctx, dir, func(i dirIndex) bool { return string(i.name) <= name })
	if err != nil {
		return Entry{}, err
	}
	for r.more() && r.off < r.end {
		e, err := r.next(ctx)
		if err != nil {
			return Entry{}, err
		}
		if string(e.name) == name {
			return Entry{name, e.ref, e.number, e.mode, r.pos()}, nil
		}
	}
	return Entry{}, iofs.ErrNotExist
}

// dirReader reads a listing.
type dirReader struct {
	c    *cursor
	size int64 // bytes of the listing
	off  int64 // in the listing
	end  int64 // where the part that dirReader's caller wanted ends

	run    int64  // offset of the current run's header
	left   int    // entries left in the run
	block  uint32 // of the run's inodes, relative to the inode table
	number uint32 // that the run's inode numbers count from
}

// dirEntry is an entry as it is stored; name is valid until the next one is read.
type dirEntry struct {
	name   []byte
	ref    Ref
	number uint32
	mode   uint32
}

const (
	dirHeaderSize = 12
	dirEntrySize  = 8 // without the name
	maxDirRun     = 256
	maxNameSize   = 256
)

// dirReader returns a reader of dir at the last place of its index for which want is true, else at
// the start. The reader's end is where the first place is for which it is not.
func (m *Image) dirReader(ctx context.Context, dir *Inode, want func(dirIndex) bool) (*dirReader, error) {
	if !dir.IsDir() {
		return nil, fmt.Errorf("inode %d is no directory: %w", dir.Number, iofs.ErrInvalid)
	}
	r := &dirReader{size: dir.dir.size, end: dir.dir.size}
	if r.size == 0 {
		return r, nil // its place may be none
	}
	start, end, err := m.searchIndex(ctx, dir, want)
	if err != nil {
		return nil, err
	}
	r.off, r.end = start.off, end
	r.c, err = m.cursorAt(ctx, start.place, m.listings())
	return r, err
}

// more reports whether there is another entry.
func (r *dirReader) more() bool { return r.off < r.size }

// pos returns the position of the next entry.
func (r *dirReader) pos() DirPos {
	if r.left == 0 {
		return DirPos(r.off << dirPosShift)
	}
	return DirPos(r.run<<dirPosShift | (r.off - r.run - dirHeaderSize))
}

// take reads the next n bytes of the listing.
func (r *dirReader) take(ctx context.Context, n int) ([]byte, error) {
	if int64(n) > r.size-r.off {
		return nil, r.c.malformed("it breaks off: %d bytes wanted at %d of %d", n, r.off, r.size)
	}
	b, err := r.c.take(ctx, n)
	r.off += int64(n)
	return b, err
}

// next reads the entry that the reader stands at.
func (r *dirReader) next(ctx context.Context) (e dirEntry, err error) {
	if r.left == 0 {
		if err := r.header(ctx); err != nil {
			return e, err
		}
	}
	b, err := r.take(ctx, dirEntrySize)
	if err != nil {
		return e, err
	}
	le := binary.LittleEndian
	e.ref = Ref(uint64(r.block)<<16 | uint64(le.Uint16(b)))
	e.number = r.number + uint32(int32(int16(le.Uint16(b[2:]))))
	kind, n := le.Uint16(b[4:]), int(le.Uint16(b[6:]))+1
	if e.mode = modeOf(kind); e.mode == 0 || n > maxNameSize {
		return e, r.c.malformed("entry of kind %d with a name of %d bytes", kind, n)
	}
	if e.name, err = r.take(ctx, n); err != nil {
		return e, err
	}
	r.left--
	return e, r.checkName(e.name)
}

func (r *dirReader) header(ctx context.Context) error {
	r.run = r.off
	b, err := r.take(ctx, dirHeaderSize)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	n := le.Uint32(b)
	if n >= maxDirRun {
		return r.c.malformed("run of %d entries", uint64(n)+1)
	}
	r.left, r.block, r.number = int(n)+1, le.Uint32(b[4:]), le.Uint32(b[8:])
	return nil
}

// checkName refuses names that would lead somewhere else.
func (r *dirReader) checkName(name []byte) error {
	if string(name) == "." || string(name) == ".." || bytes.IndexByte(name, '/') >= 0 || bytes.IndexByte(name, 0) >= 0 {
		return r.c.malformed("there must be no name %q", name)
	}
	return nil
}
