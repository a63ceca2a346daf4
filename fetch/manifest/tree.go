package manifest

import (
	"crypto/sha256"
	"slices"
)

// logHash is log2 of a hash's size: a hash block has 2^(logLeaf-logHash) entries.
const logHash = 5

// level is one level of the tree: its hash blocks follow one another in the manifest file.
type level struct {
	off    int64 // of the first block in the manifest file
	blocks int64
}

// levelsOf lays out the tree, root first. There is none over an empty image or a single leaf: then
// the descriptor's root hash is the leaf's own.
func levelsOf(leaves int64, logLeaf uint8) []level {
	var levels []level
	for n := leaves; n > 1; {
		n = leavesOf(n, logLeaf-logHash)
		levels = append(levels, level{blocks: n})
	}
	slices.Reverse(levels)
	off := int64(DescriptorSize)
	for i := range levels {
		levels[i].off = off
		off += levels[i].blocks << logLeaf
	}
	return levels
}

// Node is one hash block of the tree. It is comparable. A node is LeafSize bytes long.
type Node struct {
	Level int   // 0 = the root block
	Index int64 // within its level
	Off   int64 // in the manifest file
}

// Path returns the hash blocks between the root hash and leaf, the root block first and the block
// that holds leaf's hash last. It is empty if the image has at most one leaf or no such leaf.
func (m *Manifest) Path(leaf int64) []Node {
	if leaf < 0 || leaf >= m.Leaves() {
		return nil
	}
	path := make([]Node, len(m.levels))
	index := leaf
	for i := len(m.levels) - 1; i >= 0; i-- {
		index >>= m.logLeaf - logHash
		path[i] = Node{Level: i, Index: index, Off: m.levels[i].off + index<<m.logLeaf}
	}
	return path
}

// has reports whether n is a node of m's tree.
func (m *Manifest) has(n Node) bool {
	if n.Level < 0 || n.Level >= len(m.levels) || n.Index < 0 {
		return false
	}
	l := m.levels[n.Level]
	return n.Index < l.blocks && n.Off == l.off+n.Index<<m.logLeaf
}

// zeros pads what is hashed; never written.
var zeros [1 << minLogLeaf]byte

// hashOf is the hash of p zero-padded to a block of 1<<logLeaf bytes; a full block is not copied.
func hashOf(p []byte, logLeaf uint8) Hash {
	pad := 1<<logLeaf - len(p)
	if pad == 0 {
		return sha256.Sum256(p)
	}
	h := sha256.New()
	h.Write(p)
	for ; pad > 0; pad -= len(zeros) {
		h.Write(zeros[:min(pad, len(zeros))])
	}
	return Hash(h.Sum(nil))
}
