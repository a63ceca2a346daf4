package xz

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// What the first byte of a chunk says. From controlLZMA on, bits 5 and 6 say what is reset and the
// low five are the top of the unpacked size.
const (
	controlEnd      = 0x00
	controlRawReset = 0x01 // stored bytes; the dictionary starts here
	controlRaw      = 0x02
	controlLZMA     = 0x80
	controlState    = 0xa0 // and above: the state starts anew
	controlProps    = 0xc0 // and above: with new lc, lp, pb
	controlReset    = 0xe0 // and above: the dictionary starts here too
)

// slack is how many bytes of any .xz stream follow a chunk at least: the end marker, an index of 8
// and the footer. It is also what a symbol that starts at a chunk's last byte can read at most, so
// the symbol loop need not look where the source ends. See maxSymbol.
const slack = 1 + 8 + footerSize

// maxSymbol is how many bytes one symbol and the filling up after it can read at most. The longest
// symbol, a match, has 22 bits with probabilities of at least 31/2048, less than 6.05 bits of
// information each, and 26 of exactly one bit; the range starts with up to 8 and one such bit in use:
// (23*6.05 + 26 + 8) / 8 < 22 bytes.
const maxSymbol = 21

const _ = uint(slack - maxSymbol)

var (
	errChunk = errors.New("bad chunk")
	errData  = errors.New("corrupt data")
)

// lzma2 decodes the chunks at s.off to the front of dst and returns how many bytes that gave.
func (s *stream) lzma2(dst []byte) (n int, err error) {
	d := chunks{stream: s, dst: dst}
	for {
		if s.off >= len(s.src) {
			return d.n, errShort
		}
		control := s.src[s.off]
		s.off++
		if control == controlEnd {
			return d.n, nil
		}
		if err := d.chunk(control); err != nil {
			return d.n, err
		}
	}
}

// chunks is the LZMA2 data of one block that is being decoded.
type chunks struct {
	*stream
	dst   []byte
	n     int  // decoded up to here
	dict  int  // where the dictionary starts
	begun bool // it does start somewhere
	props bool // lc, lp and pb were set since
}

func (d *chunks) chunk(control byte) error {
	switch {
	case control >= controlReset || control == controlRawReset:
		d.dict, d.begun, d.props = d.n, true, false
	case !d.begun:
		return fmt.Errorf("%w: the first one is %#02x", errChunk, control)
	}
	switch {
	case control >= controlLZMA:
		return d.packed(control)
	case control > controlRaw:
		return fmt.Errorf("%w: %#02x", errChunk, control)
	default:
		return d.raw()
	}
}

// room returns the part of dst that a chunk of size bytes fills, with the dictionary before it.
func (d *chunks) room(size int) ([]byte, error) {
	if size > len(d.dst)-d.n {
		return nil, codec.ErrTooLong
	}
	return d.dst[d.dict : d.n+size], nil
}

// raw copies a chunk of stored bytes.
func (d *chunks) raw() error {
	h, err := d.take(2)
	if err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint16(h)) + 1
	if _, err := d.room(size); err != nil {
		return err
	}
	p, err := d.take(size)
	if err != nil {
		return err
	}
	d.n += copy(d.dst[d.n:], p)
	return nil
}

// packed decodes a chunk of LZMA data.
func (d *chunks) packed(control byte) error {
	h, err := d.take(4)
	if err != nil {
		return err
	}
	size := int(control&0x1f)<<16 + int(binary.BigEndian.Uint16(h)) + 1
	end := int(binary.BigEndian.Uint16(h[2:])) + 1
	if err := d.reset(control); err != nil {
		return err
	}
	window, err := d.room(size)
	if err != nil {
		return err
	}
	if end += d.off; end > len(d.src)-slack {
		return errShort
	}
	n, err := d.lzma.chunk(window, d.n-d.dict, d.src, d.off, end)
	d.n, d.off = d.dict+n, end
	return err
}

// reset does what the control byte of a packed chunk asks for.
func (d *chunks) reset(control byte) error {
	if control >= controlProps {
		b, err := d.take(1)
		if err != nil {
			return err
		}
		if err := d.lzma.setProps(b[0]); err != nil {
			return err
		}
		d.props, d.lzma.dictSize = true, d.chain.dictSize
	}
	if !d.props {
		return fmt.Errorf("%w: %#02x before lc, lp and pb are known", errChunk, control)
	}
	if control >= controlState {
		d.lzma.resetState()
	}
	return nil
}
