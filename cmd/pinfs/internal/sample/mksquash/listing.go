package mksquash

import (
	iofs "io/fs"
	"math"
)

// maxRun is how many entries can share a header.
const maxRun = 256

// listing returns the entries of dir, whose inodes are placed: runs of entries whose inodes lie in
// one metadata block, each with a header.
func listing(dir *Node) []byte {
	var b []byte
	names := dir.names()
	for len(names) > 0 {
		n := runLength(dir, names)
		first := dir.Children[names[0]]
		b = le.AppendUint32(b, uint32(n-1))
		b = le.AppendUint32(b, uint32(first.ref>>16))
		b = le.AppendUint32(b, first.number)
		for _, name := range names[:n] {
			b = appendEntry(b, name, dir.Children[name], first.number)
		}
		names = names[n:]
	}
	return b
}

// runLength returns how many of names, from the first, fit under one header.
func runLength(dir *Node, names []string) int {
	first := dir.Children[names[0]]
	for i, name := range names[:min(len(names), maxRun)] {
		n := dir.Children[name]
		delta := int64(n.number) - int64(first.number)
		if n.ref>>16 != first.ref>>16 || delta < math.MinInt16 || delta > math.MaxInt16 {
			return i
		}
	}
	return min(len(names), maxRun)
}

// appendEntry appends one entry; its inode number is relative to that of the header.
func appendEntry(b []byte, name string, n *Node, base uint32) []byte {
	kind := uint16(basicFile)
	switch n.Mode.Type() {
	case iofs.ModeDir:
		kind = basicDir
	case iofs.ModeSymlink:
		kind = basicSymlink
	}
	b = le.AppendUint16(b, uint16(n.ref))
	b = le.AppendUint16(b, uint16(n.number-base))
	b = le.AppendUint16(b, kind)
	b = le.AppendUint16(b, uint16(len(name)-1))
	return append(b, name...)
}
