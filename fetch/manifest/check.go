package manifest

import (
	"crypto/sha256"
	"fmt"
	"io"
)

// HashBlock holds the verified bytes of one Node. Only CheckNode makes a non-zero one, so that
// nothing is ever compared with a hash that is not itself verified. It is immutable.
type HashBlock struct {
	m    *Manifest
	node Node
	b    []byte
}

// IsZero reports whether nothing is in it.
func (b HashBlock) IsZero() bool { return b.m == nil }

// WriteAt writes the bytes to w at off.
func (b HashBlock) WriteAt(w io.WriterAt, off int64) error {
	_, err := w.WriteAt(b.b, off)
	return err
}

// CheckNode verifies p, the LeafSize bytes at n.Off of the manifest file, against parent: the
// verified block before n in Path, or the zero HashBlock for the root block. It takes ownership of
// p. Wrong bytes give a *CorruptError; a parent or length that does not belong to n is the caller's
// mistake and an error without a verdict.
func (m *Manifest) CheckNode(n Node, parent HashBlock, p []byte) (HashBlock, error) {
	if !m.has(n) || len(p) != m.LeafSize() {
		return HashBlock{}, fmt.Errorf("hash block %+v of %s: no such block or %d is not its length", n, m.pin, len(p))
	}
	want, err := m.want(n.Level, n.Index, parent)
	if err != nil {
		return HashBlock{}, err
	}
	if got := Hash(sha256.Sum256(p)); got != want {
		return HashBlock{}, &CorruptError{Pin: m.pin, What: Tree, Index: n.Index, Off: n.Off, Len: len(p), Got: got, Want: want}
	}
	return HashBlock{m, n, p}, nil
}

// CheckLeaf verifies that p is leaf index of the image: parent is the last block of Path, or the zero
// HashBlock when Path is empty. It does not retain p. Wrong bytes give a *CorruptError; a parent or
// length that does not belong to the leaf is the caller's mistake and an error without a verdict.
func (m *Manifest) CheckLeaf(index int64, parent HashBlock, p []byte) error {
	off, n := m.LeafRange(index)
	if n == 0 || len(p) != n {
		return fmt.Errorf("leaf %d of %s: want %d bytes, not %d", index, m.pin, n, len(p))
	}
	want, err := m.want(len(m.levels), index, parent)
	if err != nil {
		return err
	}
	if got := hashOf(p, m.logLeaf); got != want {
		return &CorruptError{Pin: m.pin, What: Leaf, Index: index, Off: off, Len: n, Got: got, Want: want}
	}
	return nil
}

// want returns the hash that parent holds for child index of the given level (the leaves are below
// the last level); the top of the tree hangs from the descriptor.
func (m *Manifest) want(lvl int, index int64, parent HashBlock) (Hash, error) {
	if lvl == 0 {
		return m.root, nil
	}
	p, logArity := parent.node, m.logLeaf-logHash
	if parent.m != m || p.Level != lvl-1 || p.Index != index>>logArity {
		return Hash{}, fmt.Errorf("block %d of level %d of %s: block %d of level %d is not its parent",
			index, lvl, m.pin, p.Index, p.Level)
	}
	entry := index & (1<<logArity - 1)
	return Hash(parent.b[entry<<logHash:][:sha256.Size]), nil
}
