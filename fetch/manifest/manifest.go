// Package manifest is the hash tree that makes a pin checkable: an fs-verity descriptor and its
// Merkle tree, built from an image's bytes or parsed and checked piece by piece.
//
// A manifest file is the 256-byte descriptor followed by the tree, as
// `fsverity digest --out-descriptor=D --out-merkle-tree=T` writes them (`cat D T`). The pin is the
// SHA-256 of the descriptor, the descriptor holds the hash of the tree's root, each hash block holds
// the hashes of the blocks below it, and the lowest ones those of the leaves. Nothing here does I/O.
package manifest

import (
	"crypto/sha256"

	"github.com/pinfs/pinfs/fetch"
)

// LeafSize is the number of image bytes in a leaf of every pin that pinfs makes.
const LeafSize = 128 << 10

// Hash is the SHA-256 of one leaf or hash block, zero-padded to the leaf size.
type Hash [sha256.Size]byte

// Manifest is the part of a manifest that fits in memory whatever the image's size: what the
// descriptor says and where in the manifest file each hash block lies. It is immutable.
type Manifest struct {
	pin     fetch.Pin
	size    int64 // bytes of the image
	logLeaf uint8 // log2 of the leaf size
	root    Hash  // of the tree's top block, or of the only leaf; zero for an empty image
	levels  []level
}

// Pin returns the pin that the manifest belongs to.
func (m *Manifest) Pin() fetch.Pin { return m.pin }

// Size returns the bytes of the image.
func (m *Manifest) Size() int64 { return m.size }

// LeafSize returns the bytes of a leaf (the last one of an image may be shorter) and of a hash block.
func (m *Manifest) LeafSize() int { return 1 << m.logLeaf }

// Leaves returns the number of leaves, 0 for an empty image.
func (m *Manifest) Leaves() int64 { return leavesOf(m.size, m.logLeaf) }

// LeafRange returns where leaf index lies in the image and how many bytes it has: the leaf size, or
// fewer for the last leaf, or 0 when there is no such leaf.
func (m *Manifest) LeafRange(index int64) (off int64, n int) {
	if index < 0 || index >= m.Leaves() {
		return 0, 0
	}
	off = index << m.logLeaf
	return off, int(min(int64(m.LeafSize()), m.size-off))
}

// FileSize returns the bytes of the manifest file: descriptor and tree.
func (m *Manifest) FileSize() int64 {
	n := int64(DescriptorSize)
	for _, l := range m.levels {
		n += l.blocks << m.logLeaf
	}
	return n
}

// leavesOf divides rounding up, without the overflow of size + leaf - 1.
func leavesOf(size int64, logLeaf uint8) int64 {
	n := size >> logLeaf
	if n<<logLeaf < size {
		n++
	}
	return n
}
