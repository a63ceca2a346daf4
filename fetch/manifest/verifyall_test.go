package manifest

import (
	"fmt"

	"github.com/pinfs/pinfs/fetch"
)

// verifyAll checks every hash block and leaf of an image, as a lazy reader would in the end.
func verifyAll(pin fetch.Pin, file, image []byte) error {
	m, err := Parse(pin, file[:min(len(file), DescriptorSize)])
	if err != nil {
		return err
	}
	if m.FileSize() != int64(len(file)) || m.Size() != int64(len(image)) {
		return fmt.Errorf("sizes %d, %d: %w", m.FileSize(), m.Size(), fetch.ErrCorrupt)
	}
	known := map[Node]HashBlock{}
	for leaf := range m.Leaves() {
		if err := verifyLeaf(m, file, image, leaf, known); err != nil {
			return err
		}
	}
	return nil
}

// verifyLeaf checks one leaf and the blocks above it that are not known yet.
func verifyLeaf(m *Manifest, file, image []byte, leaf int64, known map[Node]HashBlock) error {
	parent, err := verifyPath(m, file, m.Path(leaf), known)
	if err != nil {
		return err
	}
	off, n := m.LeafRange(leaf)
	return m.CheckLeaf(leaf, parent, image[off:][:n])
}

// verifyPath checks the blocks that are not known yet and returns the last.
func verifyPath(m *Manifest, file []byte, path []Node, known map[Node]HashBlock) (parent HashBlock, err error) {
	for _, n := range path {
		b, ok := known[n]
		if !ok {
			if b, err = m.CheckNode(n, parent, file[n.Off:][:m.LeafSize()]); err != nil {
				return HashBlock{}, err
			}
			known[n] = b
		}
		parent = b
	}
	return parent, nil
}
