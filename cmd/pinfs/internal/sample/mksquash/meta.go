package mksquash

import "encoding/binary"

// storedMeta marks a metadata block that is not compressed, in the word before it.
const storedMeta = 1 << 15

// meta is a table of metadata blocks in the making.
type meta struct {
	out    []byte   // finished blocks
	open   []byte   // the rest, shorter than a block
	starts []uint64 // of each finished block in out
}

// pos is where the next byte goes: the offset of its block in the table and its own in the block.
func (m *meta) pos() (block uint32, off uint16) { return uint32(len(m.out)), uint16(len(m.open)) }

// write appends b and finishes the blocks that it fills.
func (m *meta) write(b []byte) error {
	m.open = append(m.open, b...)
	for len(m.open) >= metaSize {
		if err := m.finish(m.open[:metaSize]); err != nil {
			return err
		}
		m.open = append([]byte(nil), m.open[metaSize:]...)
	}
	return nil
}

// finish compresses one block into out.
func (m *meta) finish(b []byte) error {
	c, smaller, err := compress(b)
	if err != nil {
		return err
	}
	word := uint16(len(c))
	if !smaller {
		word |= storedMeta
	}
	m.starts = append(m.starts, uint64(len(m.out)))
	m.out = binary.LittleEndian.AppendUint16(m.out, word)
	m.out = append(m.out, c...)
	return nil
}

// close finishes the last block and returns the table.
func (m *meta) close() ([]byte, error) {
	if len(m.open) > 0 {
		if err := m.finish(m.open); err != nil {
			return nil, err
		}
		m.open = nil
	}
	return m.out, nil
}

// lookupTable makes a table that is found through a list of its blocks' places in the image, as ids
// and fragments are. It begins at off of the image; list says where in it the list begins.
func lookupTable(b []byte, off int64) (table []byte, list int64, err error) {
	var m meta
	if err := m.write(b); err != nil {
		return nil, 0, err
	}
	table, err = m.close()
	list = int64(len(table))
	for _, start := range m.starts {
		table = binary.LittleEndian.AppendUint64(table, uint64(off)+start)
	}
	return table, list, err
}
