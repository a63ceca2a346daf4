package xz

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// The sizes of LZMA's model.
const (
	states        = 12 // of what the last symbols were
	litStates     = 7  // below: the last one was a literal
	posStates     = 16
	minMatch      = 2
	lenStates     = 4       // lengths 2, 3, 4 and above have distance slots of their own
	literalCoder  = 3 << 8  // probabilities of one literal coder
	maxLiterals   = 1 << 4  // literal coders, as lc+lp <= 4 in LZMA2
	firstModeled  = 4       // the first slot with bits of its own
	firstDirect   = 14      // the first slot with bits of no model
	probBits      = 11      // a probability of 1 is 1<<probBits
	probEven      = 1 << 10 // at the start
	probShift     = 5       // the rate of adaption
	rangeTop      = 1 << 24 // the range is kept at or above
	rangeInitSize = 5       // bytes
)

// probs are the adaptive probabilities that a bit is 0. The index of a [256] by state and position is
// state*posStates + position; bit trees start at 1.
type probs struct {
	model
	literal [maxLiterals * literalCoder]uint16
}

// model is all of them but those of literals.
type model struct {
	isMatch    [256]uint16
	isRep0Long [256]uint16
	isRep      [16]uint16
	isRepG0    [16]uint16
	isRepG1    [16]uint16
	isRepG2    [16]uint16
	slot       [lenStates * 64]uint16
	special    [128]uint16 // of slots below firstDirect: the tree of a slot starts at its base - slot
	align      [16]uint16
	matchLen   lengths
	repLen     lengths
}

// lengths is the model of match lengths: 0 to 7, 8 to 15, 16 to 271.
type lengths struct {
	choice [8]uint16 // the first two are used
	low    [posStates * 8]uint16
	mid    [posStates * 8]uint16
	high   [256]uint16
}

// coder is an LZMA decoder between two chunks, or between two runs of its symbol loop.
type coder struct {
	probs    probs
	rng      uint32
	code     uint32
	state    uint32
	rep      [4]uint32 // the last distances, less one
	pbMask   uint32
	litMask  uint32 // of position<<8 + last byte: the bits that choose a literal coder
	litSize  uint32 // bytes of probabilities for each step of those
	coders   int    // literal coders in use
	dictSize uint32 // bytes
	portable bool   // keeps to the Go version of the symbol loop, for comparisons
}

// setProps takes the byte that holds lc, lp and pb.
func (c *coder) setProps(b byte) error {
	lc, lp, pb := uint32(b%9), uint32(b/9%5), uint32(b/45)
	if pb > 4 || lc+lp > 4 {
		return fmt.Errorf("%w: lc=%d lp=%d pb=%d", errChunk, lc, lp, pb)
	}
	c.pbMask, c.coders = 1<<pb-1, 1<<(lc+lp)
	c.litMask, c.litSize = 0x100<<lp-0x100>>lc, literalCoder*2>>8<<lc
	return nil
}

// resetState forgets what was learnt. Literal coders that lc and lp leave unused are left alone.
func (c *coder) resetState() {
	c.state, c.rep = 0, [4]uint32{}
	c.probs.reset(c.coders)
}

// chunk decodes src[off:end], which has slack bytes behind it, to window[n:], which it must fill. The
// window starts where the dictionary does. It returns how far the window is filled.
func (c *coder) chunk(window []byte, n int, src []byte, off, end int) (int, error) {
	if end-off < rangeInitSize || src[off] != 0 {
		return n, errData
	}
	c.rng, c.code = 1<<32-1, binary.BigEndian.Uint32(src[off+1:])
	off += rangeInitSize
	for n < len(window) {
		var ok bool
		if n, off, ok = c.symbols(window, n, min(len(window), n+maxRun), src, off, end); !ok || off > end {
			return n, errData
		}
	}
	if c.rng < rangeTop {
		c.code = c.code<<8 | uint32(src[off])
		off++
	}
	if off != end || c.code != 0 {
		return n, fmt.Errorf("%w: the range coder ends at %#x, %d bytes before the chunk", errData, c.code, end-off)
	}
	return n, nil
}

// maxRun is how many bytes are decoded between two moments at which the runtime may stop the
// goroutine, which it can not do inside assembly: some 100 to 400 microseconds.
const maxRun = 8 << 10

// fresh is a probs in which all bits are equally likely.
var fresh = func() (p probs) {
	all := (*[unsafe.Sizeof(p) / 2]uint16)(unsafe.Pointer(&p))
	for i := range all {
		all[i] = probEven
	}
	return p
}()

// reset forgets what was learnt, in the first n literal coders.
func (p *probs) reset(n int) {
	p.model = fresh.model
	copy(p.literal[:n*literalCoder], fresh.literal[:])
}
