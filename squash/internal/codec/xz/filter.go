package xz

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The filters of the .xz format, by their numbers.
const (
	filterDelta = 0x03
	filterLZMA2 = 0x21
)

// chain is the filters of a block: LZMA2 last, before it at most three converters of branches.
type chain struct {
	dictSize   uint32 // bytes
	converters [3]converter
	n          int // converters in use
}

// converter is a BCJ filter with the position in the program that its input is taken to start at.
type converter struct {
	undo  func(p []byte, at uint32)
	start uint32
}

// undo makes p what it was before the filters before LZMA2, the last one first.
func (c *chain) undo(p []byte) {
	for i := c.n - 1; i >= 0; i-- {
		c.converters[i].undo(p, c.converters[i].start)
	}
}

// chain reads the flags of n filters.
func (f *fields) chain(n int) (c chain, err error) {
	for c.n = 0; c.n < n-1; c.n++ {
		if c.converters[c.n], err = f.converter(); err != nil {
			return c, err
		}
	}
	id, props, err := f.filter()
	if err != nil {
		return c, err
	}
	if id != filterLZMA2 {
		return c, fmt.Errorf("xz filter %#x as the last one: %w", id, errors.ErrUnsupported)
	}
	c.dictSize, err = dictSize(props)
	return c, err
}

// filter reads the number and the properties of one filter.
func (f *fields) filter() (id uint64, props []byte, err error) {
	if id, err = f.number(); err != nil {
		return 0, nil, err
	}
	size, err := f.number()
	if err != nil {
		return 0, nil, err
	}
	if size > uint64(len(f.b)) {
		return 0, nil, errors.New("xz filter has no room for its properties")
	}
	props, f.b = f.b[:size], f.b[size:]
	return id, props, nil
}

func (f *fields) converter() (converter, error) {
	id, props, err := f.filter()
	if err != nil {
		return converter{}, err
	}
	if id == filterDelta {
		return converter{}, fmt.Errorf("xz delta filter: %w", errors.ErrUnsupported)
	}
	b, ok := branches[id]
	if !ok {
		return converter{}, fmt.Errorf("xz filter %#x before LZMA2: %w", id, errors.ErrUnsupported)
	}
	c := converter{undo: b.undo}
	switch len(props) {
	case 0:
	case 4:
		c.start = binary.LittleEndian.Uint32(props)
	default:
		return c, fmt.Errorf("xz filter %#x with %d bytes of properties", id, len(props))
	}
	if c.start%b.align != 0 {
		return c, fmt.Errorf("xz filter %#x starts at %#x, which is no multiple of %d", id, c.start, b.align)
	}
	return c, nil
}

// dictSize reads the property of LZMA2: 2 or 3 times a power of two, from 4 KiB to 4 GiB less a byte.
func dictSize(props []byte) (uint32, error) {
	switch {
	case len(props) != 1:
		return 0, errors.New("xz: LZMA2 wants one byte of properties")
	case props[0] > 40:
		return 0, fmt.Errorf("xz: LZMA2 dictionary of code %d", props[0])
	case props[0] == 40:
		return 1<<32 - 1, nil
	default:
		return (2 | uint32(props[0]&1)) << (props[0]/2 + 11), nil
	}
}
