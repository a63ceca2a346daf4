package squash

import (
	"context"
	"io"
)

// front is how far a stream has been read ahead: a place in the sequence of all files.
type front struct {
	m     *Image
	files []begun // from the file that is read to the one that the front is in
	ino   *Inode  // that one; nil before the start
	off   int64   // the byte of it where the front is
	pos   int64   // bytes from where the stream began to be counted
	last  block   // what step returned last
}

// begun is a file that the front has come to.
type begun struct {
	ref Ref
	pos int64 // of its first byte
}

const maxBegun = 1024 // files that a front may be ahead

// distance returns by how many bytes the front is ahead of a reader that is at byte next of ino. If
// it is not ahead of it at all it is put there.
func (f *front) distance(ino *Inode, next int64) int64 {
	for i, b := range f.files {
		if b.ref == ino.Ref && b.pos+next <= f.pos {
			f.files = f.files[i:]
			if len(f.files) == maxBegun {
				return f.m.ahead.size
			}
			return f.pos - b.pos - next
		}
	}
	*f = front{m: f.m, files: append(f.files[:0], begun{ino.Ref, 0}), ino: ino, off: next, pos: next}
	return 0
}

// step moves the front on to the end of the block that it is in, or into the next file, and returns
// the block if it is another one than the last. The error is io.EOF behind the last file.
func (f *front) step(ctx context.Context) (b block, err error) {
	if f.off >= f.ino.Size {
		return b, f.enter(ctx)
	}
	b, err = f.m.blockAt(ctx, f.ino, f.off)
	if err != nil {
		return b, err
	}
	size := int64(f.m.sb.BlockSize)
	n := min(f.off/size*size+size, f.ino.Size) - f.off
	f.off += n
	f.pos += n
	if b == f.last {
		return block{}, nil // the tails of several files are in one
	}
	f.last = b
	return b, nil
}

// enter moves the front to the next file that has any bytes.
func (f *front) enter(ctx context.Context) error {
	ino, err := f.m.fileAfter(ctx, f.ino, maxPassed)
	if err != nil {
		return err
	}
	f.ino, f.off = ino, 0
	f.files = append(f.files, begun{ino.Ref, f.pos})
	return nil
}

// blockAt returns the block that byte off of ino is in.
func (m *Image) blockAt(ctx context.Context, ino *Inode, off int64) (b block, err error) {
	index := off / int64(m.sb.BlockSize)
	if index >= ino.file.blocks {
		return m.fragment(ctx, ino.file.fragment)
	}
	err = m.eachBlock(ctx, ino, index, index+1, func(found block) { b = found })
	return b, err
}

// fileAfter returns the next file behind ino in the inode table that has any bytes, io.EOF if there is
// none or more than so many inodes, and entries of indexes to directories, would have to be passed.
func (m *Image) fileAfter(ctx context.Context, ino *Inode, passed int) (*Inode, error) {
	for {
		if passed -= 1 + ino.dir.indexes; passed < 0 {
			return nil, io.EOF
		}
		ref, err := m.refAfter(ctx, ino)
		if err != nil {
			return nil, err
		}
		if ino, err = m.Inode(ctx, ref); err != nil {
			return nil, err
		}
		if ino.IsRegular() && ino.Size > 0 {
			return ino, nil
		}
	}
}

// maxPassed is how many directories, links and the like are passed over on the way to the next file.
const maxPassed = 512

// refAfter returns the reference of the inode behind ino in the inode table, io.EOF if it is the
// last one.
func (m *Image) refAfter(ctx context.Context, ino *Inode) (Ref, error) {
	c, err := m.cursorAt(ctx, ino.rest, m.inodes("inode"))
	if err != nil {
		return 0, err
	}
	if err := m.skipRest(ctx, c, ino); err != nil {
		return 0, err
	}
	if c.off == len(c.cur.data) {
		if c.cur.next >= c.in.end {
			return 0, io.EOF
		}
		return Ref(c.cur.next-c.in.start) << 16, nil
	}
	return Ref(c.block-c.in.start)<<16 | Ref(c.off), nil
}

// skipRest passes over the lists that ino ends with.
func (m *Image) skipRest(ctx context.Context, c *cursor, ino *Inode) error {
	for range ino.dir.indexes {
		if _, err := m.nextIndex(ctx, c, ino); err != nil {
			return err
		}
	}
	return c.skip(ctx, ino.file.blocks*listEntrySize)
}
