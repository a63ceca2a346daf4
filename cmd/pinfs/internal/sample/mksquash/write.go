package mksquash

import (
	"context"
	"fmt"
	"io"
	"math"
)

const (
	superblockSize = 96
	magic          = 0x73717368 // "hsqs"
	compressorXZ   = 4
	flagNoXattrs   = 0x200
	padSize        = 4 << 10 // the image's size is a multiple, as block devices want it
)

// Write writes the image of root's tree to w from byte 0 and returns its size in bytes. The tree
// must not change meanwhile and belongs to the image afterwards: it can not be written again.
func Write(ctx context.Context, w io.WriteSeeker, root *Node) (int64, error) {
	count, err := number(root)
	if err != nil {
		return 0, err
	}
	var p packer
	p.add(root)
	data := append(p.data, p.fragments...)
	if err := compressAll(ctx, data); err != nil {
		return 0, err
	}
	if _, err := w.Seek(superblockSize, io.SeekStart); err != nil {
		return 0, err
	}
	off, err := writeAll(w, data, superblockSize)
	if err != nil {
		return 0, err
	}
	t, err := layTables(root, p.fragments, off)
	if err != nil {
		return 0, err
	}
	return finish(w, t, root, count, len(p.fragments))
}

// layout is everything after the data: the bytes and where in the image the tables begin.
type layout struct {
	bytes                        []byte
	off                          int64 // of bytes in the image
	inodes, dirs, fragments, ids int64
}

// end is where the tables end in the image.
func (l *layout) end() int64 { return l.off + int64(len(l.bytes)) }

// layTables makes the tables for data that ends at off.
func layTables(root *Node, fragments []*block, off int64) (*layout, error) {
	var t tables
	if err := t.place(root); err != nil {
		return nil, err
	}
	inodes, err := t.inodes.close()
	if err != nil {
		return nil, err
	}
	dirs, err := t.dirs.close()
	if err != nil {
		return nil, err
	}
	l := &layout{off: off, inodes: off, dirs: off + int64(len(inodes)), bytes: append(inodes, dirs...)}
	rootOnly := []byte{0, 0, 0, 0} // the one id
	for _, table := range []struct {
		b    []byte
		list *int64
	}{{fragmentEntries(fragments), &l.fragments}, {rootOnly, &l.ids}} {
		b, list, err := lookupTable(table.b, l.end())
		if err != nil {
			return nil, err
		}
		*table.list = l.end() + list
		l.bytes = append(l.bytes, b...)
	}
	return l, nil
}

// fragmentEntries says where each fragment block lies.
func fragmentEntries(fragments []*block) []byte {
	var b []byte
	for _, f := range fragments {
		b = le.AppendUint64(b, uint64(f.off))
		b = le.AppendUint32(b, f.word)
		b = le.AppendUint32(b, 0)
	}
	return b
}

// finish writes the tables, the padding and, last, the superblock.
func finish(w io.WriteSeeker, l *layout, root *Node, inodes uint32, fragments int) (int64, error) {
	used := l.end()
	size := (used + padSize - 1) / padSize * padSize
	if _, err := w.Write(append(l.bytes, make([]byte, size-used)...)); err != nil {
		return 0, fmt.Errorf("image byte %d: %w", l.off, err)
	}
	if _, err := w.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if _, err := w.Write(superblock(l, root.ref, inodes, uint32(fragments))); err != nil {
		return 0, fmt.Errorf("superblock: %w", err)
	}
	return size, nil
}

// superblock is the first 96 bytes of the image.
func superblock(l *layout, root uint64, inodes, fragments uint32) []byte {
	var b []byte
	for _, v := range []uint32{magic, inodes, modTime, blockSize, fragments} {
		b = le.AppendUint32(b, v)
	}
	const ids, major, minor = 1, 4, 0
	for _, v := range []uint16{compressorXZ, blockLog, flagNoXattrs, ids, major, minor} {
		b = le.AppendUint16(b, v)
	}
	const absent = math.MaxUint64 // no table of extended attributes, none for NFS export
	for _, v := range []uint64{root, uint64(l.end()), uint64(l.ids), absent, uint64(l.inodes), uint64(l.dirs), uint64(l.fragments), absent} {
		b = le.AppendUint64(b, v)
	}
	return b
}
