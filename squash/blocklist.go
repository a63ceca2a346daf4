package squash

import (
	"context"
	"encoding/binary"
	"sync"
)

// A file's block list has the stored size of each data block; the blocks lie one behind the other.
// To find one, the sizes of all before it must be added up. For large files a blockList remembers
// sums on the way, so that reading a file from one end to the other is not quadratic.

const (
	listEntrySize = 4
	shortList     = 512                      // entries that are simply added up each time
	minStride     = metaSize / listEntrySize // entries between two marks: about one metadata block
	maxMarks      = 4096                     // of one file; a longer list gets a longer stride
	markSize      = 24                       // bytes
	maxListSize   = maxMarks * markSize
)

// mark is a place in a block list.
type mark struct {
	list place
	data int64 // where the data block of this entry begins, in the image
}

// listKey identifies a block list.
type listKey struct {
	mark
	blocks int64
}

// blockList holds the marks of one file that have been found so far.
type blockList struct {
	blocks int64
	stride int64 // entries from one mark to the next

	mu    sync.Mutex // guards marks
	marks []mark     // of entries 0, stride, 2*stride, ...
}

// newBlockList returns a list with the mark of its first entry. It never fails.
func (m *Image) newBlockList(_ context.Context, key listKey, _ <-chan struct{}) (*blockList, error) {
	l := &blockList{blocks: key.blocks, stride: minStride, marks: []mark{key.mark}}
	for l.blocks/l.stride >= maxMarks {
		l.stride *= 2
	}
	return l, nil
}

// size returns the bytes that l can grow to.
func (l *blockList) size() int64 { return (l.blocks/l.stride + 1) * markSize }

// before returns the last mark at or before entry index, and that mark's index.
func (l *blockList) before(index int64) (mark, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := min(index/l.stride, int64(len(l.marks))-1)
	return l.marks[i], i * l.stride
}

// note keeps mk if it is the one that comes next.
func (l *blockList) note(index int64, mk mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index == int64(len(l.marks))*l.stride {
		l.marks = append(l.marks, mk)
	}
}

// eachBlock calls f for the data blocks of ino from first up to, not including, behind.
func (m *Image) eachBlock(ctx context.Context, ino *Inode, first, behind int64, f func(block)) error {
	if first >= behind {
		return nil
	}
	c, data, err := m.seekBlock(ctx, ino, first)
	if err != nil {
		return err
	}
	bs := int64(m.sb.BlockSize)
	for index := first; index < behind; index++ {
		word, err := c.uint32(ctx)
		if err != nil {
			return err
		}
		b := block{data, word, uint32(min(bs, ino.Size-index*bs))}
		if b.word != 0 && (data < superblockSize || data > m.sb.BytesUsed-b.stored()) {
			return c.malformed("block %d of %d bytes at byte %d of %d", index, b.stored(), data, m.sb.BytesUsed)
		}
		f(b)
		data += b.stored()
	}
	return nil
}

// seekBlock returns a cursor at entry index of ino's block list and where that block begins.
func (m *Image) seekBlock(ctx context.Context, ino *Inode, index int64) (*cursor, int64, error) {
	start := mark{ino.rest, ino.file.start}
	if ino.file.blocks <= shortList {
		return m.addUp(ctx, start, index)
	}
	l, err := m.lists.Get(ctx, listKey{start, ino.file.blocks})
	if err != nil {
		return nil, 0, err
	}
	mk, i := l.before(index)
	for ; index-i >= l.stride; i += l.stride {
		c, data, err := m.addUp(ctx, mk, l.stride)
		if err != nil {
			return nil, 0, err
		}
		mk = mark{c.place(), data}
		l.note(i+l.stride, mk)
	}
	return m.addUp(ctx, mk, index-i)
}

// addUp goes n entries on from mk.
func (m *Image) addUp(ctx context.Context, mk mark, n int64) (*cursor, int64, error) {
	c, err := m.cursorAt(ctx, mk.list, m.inodes("block list"))
	if err != nil {
		return nil, 0, err
	}
	data := mk.data
	for n > 0 {
		b, err := c.takeEntries(ctx, n)
		if err != nil {
			return nil, 0, err
		}
		n -= int64(len(b) / listEntrySize)
		for ; len(b) > 0; b = b[listEntrySize:] {
			data += int64(binary.LittleEndian.Uint32(b) &^ blockPlain)
		}
		if data > m.sb.BytesUsed {
			return nil, 0, c.malformed("the data reach byte %d of a file system of %d", data, m.sb.BytesUsed)
		}
	}
	return c, data, nil
}

// takeEntries returns at least one and at most n entries of a block list.
func (c *cursor) takeEntries(ctx context.Context, n int64) ([]byte, error) {
	whole := min(n, int64(len(c.cur.data)-c.off)/listEntrySize)
	return c.take(ctx, int(max(whole, 1))*listEntrySize)
}
