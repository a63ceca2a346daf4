package xz

// The steps of the range decoder are functions of values, small enough to be inlined, so that the
// symbol loop keeps range and code in registers.

// refill keeps the range at or above rangeTop.
func refill(rng, code uint32, src []byte, off int) (uint32, uint32, int) {
	if rng < rangeTop {
		rng <<= 8
		code = code<<8 | uint32(src[off])
		off++
	}
	return rng, code, off
}

// branch decodes a bit that is well predicted by a branch.
func branch(rng, code uint32, p *uint16) (uint32, uint32, bool) {
	v := uint32(*p)
	bound := rng >> probBits * v
	if code < bound {
		*p = uint16(v + (1<<probBits-v)>>probShift)
		return bound, code, false
	}
	*p = uint16(v - v>>probShift)
	return rng - bound, code - bound, true
}

// choose decodes a bit that nothing predicts, by computing both ways. Less 2017, which is 2048-31, a
// probability shifts to what branch adds for a 0, rounded the same way.
func choose(rng, code uint32, p *uint16) (uint32, uint32, uint32) {
	v := uint32(*p)
	bound := rng >> probBits * v
	zero := uint32((int64(code) - int64(bound)) >> 63) // all ones for a 0
	*p = uint16(v - uint32(int32(v-2017&zero)>>probShift))
	return rng - bound - (rng-bound<<1)&zero, code - bound&^zero, 1 + zero
}

// halve decodes a bit of no model.
func halve(rng, code uint32) (uint32, uint32, uint32) {
	rng >>= 1
	zero := uint32((int64(code) - int64(rng)) >> 63)
	return rng, code - rng&^zero, 1 + zero
}
