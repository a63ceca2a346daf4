package squash

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
)

// ErrNoData says that there is nothing but holes up to the end of a file, or that a position is not
// inside it: lseek(2)'s ENXIO.
var ErrNoData = errors.New("no data from there on")

// seekStep is how many blocks are looked at at a time.
const seekStep = 1024

// SeekData returns the first byte of a regular file at or behind off that is not in a hole. A hole is a
// whole block that the image does not store.
func (m *Image) SeekData(ctx context.Context, ino *Inode, off int64) (int64, error) {
	at, err := m.seek(ctx, ino, off, block.isHole)
	if err == nil && at == ino.Size {
		return 0, ErrNoData
	}
	return at, err
}

// SeekHole returns the first byte of a regular file at or behind off that is in a hole, and the file's
// size if there is none.
func (m *Image) SeekHole(ctx context.Context, ino *Inode, off int64) (int64, error) {
	return m.seek(ctx, ino, off, func(b block) bool { return !b.isHole() })
}

// seek passes over blocks from off on and returns where the first begins that is to be passed over no
// more, or the file ends. What is in a fragment is no hole.
func (m *Image) seek(ctx context.Context, ino *Inode, off int64, passed func(block) bool) (int64, error) {
	if !ino.IsRegular() {
		return 0, fmt.Errorf("inode %d with mode %o has no data: %w", ino.Number, ino.Mode, iofs.ErrInvalid)
	}
	if off < 0 || off >= ino.Size {
		return 0, ErrNoData
	}
	bs := int64(m.sb.BlockSize)
	index, found := off/bs, false
	for !found && index < ino.file.blocks {
		err := m.eachBlock(ctx, ino, index, min(index+seekStep, ino.file.blocks), func(b block) {
			if found = found || !passed(b); !found {
				index++
			}
		})
		if err != nil {
			return 0, err
		}
	}
	tail := ino.file.blocks * bs
	if !found && (tail >= ino.Size || passed(block{word: 1})) {
		return ino.Size, nil
	}
	return max(off, index*bs), nil
}
