package mksquash

import (
	"encoding/binary"
	"fmt"
	iofs "io/fs"
	"math"
)

// Inode types of the format. Directory entries always name the basic one.
const (
	basicDir     = 1
	basicFile    = 2
	basicSymlink = 3
	extendedFile = 9 // with links, holes or 64-bit sizes
)

// none stands for "no fragment" and "no extended attributes".
const none = math.MaxUint32

var le = binary.LittleEndian

// tables are the two that describe the tree.
type tables struct{ inodes, dirs meta }

// place writes n's inode, after those of everything below it.
func (t *tables) place(n *Node) error {
	if n.placed {
		return nil
	}
	var b []byte
	var err error
	switch n.Mode.Type() {
	case iofs.ModeDir:
		b, err = t.dirInode(n)
	case iofs.ModeSymlink:
		b = symlinkInode(n)
	case 0:
		b = fileInode(n)
	default:
		err = fmt.Errorf("mode %s: want a directory, symlink or regular file", n.Mode)
	}
	if err != nil {
		return err
	}
	block, off := t.inodes.pos()
	n.ref, n.placed = uint64(block)<<16|uint64(off), true
	return t.inodes.write(b)
}

// dirInode places all entries of n, writes the listing and returns the inode.
func (t *tables) dirInode(n *Node) ([]byte, error) {
	for _, name := range n.names() {
		if err := t.place(n.Children[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	list := listing(n)
	size := len(list) + 3 // the format counts "." and ".." so
	if size > math.MaxUint16 {
		return nil, fmt.Errorf("directory listing of %d bytes, at most 65532 are supported", len(list))
	}
	block, off := t.dirs.pos()
	b := header(n, basicDir)
	b = le.AppendUint32(b, block)
	b = le.AppendUint32(b, n.links)
	b = le.AppendUint16(b, uint16(size))
	b = le.AppendUint16(b, off)
	b = le.AppendUint32(b, n.parent)
	return b, t.dirs.write(list)
}

// header begins every inode.
func header(n *Node, kind uint16) []byte {
	b := le.AppendUint16(nil, kind)
	b = le.AppendUint16(b, uint16(n.Mode.Perm()))
	b = le.AppendUint32(b, 0) // indexes of uid and gid in the table of ids
	b = le.AppendUint32(b, modTime)
	return le.AppendUint32(b, n.number)
}

func symlinkInode(n *Node) []byte {
	b := header(n, basicSymlink)
	b = le.AppendUint32(b, n.links)
	b = le.AppendUint32(b, uint32(len(n.Target)))
	return append(b, n.Target...)
}

// fileInode returns a basic inode, or an extended one for a file with hard links or holes.
func fileInode(n *Node) []byte {
	start, holes := uint64(0), uint64(0)
	for i := len(n.blocks) - 1; i >= 0; i-- {
		if n.blocks[i].raw == nil {
			holes += blockSize
		} else {
			start = uint64(n.blocks[i].off)
		}
	}
	fragment, fragmentOff := uint32(none), uint32(0)
	if n.tail != nil {
		fragment, fragmentOff = uint32(n.tail.fragment), uint32(n.tail.off)
	}
	var b []byte
	if n.links == 1 && holes == 0 && start <= math.MaxUint32 && uint64(len(n.Data)) <= math.MaxUint32 {
		b = header(n, basicFile)
		b = le.AppendUint32(b, uint32(start))
		b = le.AppendUint32(b, fragment)
		b = le.AppendUint32(b, fragmentOff)
		b = le.AppendUint32(b, uint32(len(n.Data)))
	} else {
		b = header(n, extendedFile)
		b = le.AppendUint64(b, start)
		b = le.AppendUint64(b, uint64(len(n.Data)))
		b = le.AppendUint64(b, holes)
		b = le.AppendUint32(b, n.links)
		b = le.AppendUint32(b, fragment)
		b = le.AppendUint32(b, fragmentOff)
		b = le.AppendUint32(b, none)
	}
	for _, block := range n.blocks {
		b = le.AppendUint32(b, block.word)
	}
	return b
}
