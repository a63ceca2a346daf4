package squash

import (
	"context"
	"fmt"
	iofs "io/fs"
	"sync"
	"sync/atomic"
)

// maxParallel is how many blocks one ReadAt asks for at the same time; how many of them are decoded
// at the same time is up to Config.Workers.
const maxParallel = 16

// ReadAt reads a regular file like pread(2): it fills p from byte off of the file and returns less
// than len(p) only where the file ends, 0 without an error at its end or behind it. When it fails
// it returns 0 and leaves p in an unspecified state. Blocks are decoded in parallel.
func (m *Image) ReadAt(ctx context.Context, ino *Inode, p []byte, off int64) (int, error) {
	if !ino.IsRegular() || off < 0 {
		return 0, fmt.Errorf("inode %d with mode %o can not be read at byte %d: %w", ino.Number, ino.Mode, off, iofs.ErrInvalid)
	}
	if off >= ino.Size || len(p) == 0 {
		return 0, nil
	}
	p = p[:min(int64(len(p)), ino.Size-off)]
	pieces, err := m.pieces(ctx, ino, p, off)
	if err != nil {
		return 0, err
	}
	m.ahead.note(ctx, ino, off, int64(len(p)))
	if err := m.readPieces(ctx, pieces); err != nil {
		return 0, err
	}
	return len(p), nil
}

// piece is a part of a read that lies in one block.
type piece struct {
	dst  []byte
	src  block
	skip int64 // bytes of the decoded block before the piece
}

// pieces divides the read of p at off, which must lie inside the file.
func (m *Image) pieces(ctx context.Context, ino *Inode, p []byte, off int64) ([]piece, error) {
	bs := int64(m.sb.BlockSize)
	first, behind := off/bs, (off+int64(len(p))-1)/bs+1
	list := make([]piece, 0, behind-first)
	skip := off % bs
	add := func(b block) {
		n := min(int64(len(p)), bs-skip)
		list = append(list, piece{p[:n], b, skip})
		p, skip = p[n:], 0
	}
	if err := m.eachBlock(ctx, ino, first, min(behind, ino.file.blocks), add); err != nil {
		return nil, err
	}
	if len(p) == 0 {
		return list, nil
	}
	// What the block list does not reach is the tail, in a fragment.
	b, err := m.fragment(ctx, ino.file.fragment)
	if err != nil {
		return nil, err
	}
	add(b)
	list[len(list)-1].skip += int64(ino.file.fragOffset)
	return list, nil
}

// readPieces reads all of them and returns the first error there was.
func (m *Image) readPieces(ctx context.Context, list []piece) error {
	if len(list) == 1 {
		return m.readPiece(ctx, list[0])
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(list)) && ctx.Err() == nil; i = next.Add(1) - 1 {
			if err := m.readPiece(ctx, list[i]); err != nil {
				cancel(err)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(len(list), maxParallel) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return context.Cause(ctx)
}

func (m *Image) readPiece(ctx context.Context, p piece) error {
	if p.src.isHole() {
		clear(p.dst)
		return nil
	}
	b, err := m.data.Get(ctx, p.src)
	if err != nil {
		return err
	}
	if p.skip+int64(len(p.dst)) > int64(len(b)) {
		return malformed(p.src.pos, p.src.what(), "bytes %d to %d of a file are not among its %d",
			p.skip, p.skip+int64(len(p.dst)), len(b))
	}
	copy(p.dst, b[p.skip:])
	return nil
}
