package xz

// symbolsGo decodes symbols while n < stop, from src[off:] to window[n:], and leaves c ready for the
// next one. A symbol that starts at or before src[end] is decoded; end has slack bytes behind it. It
// returns n and off behind the last symbol; it is not ok when a match would reach behind the window
// or before its start.
//
// It is one function for the sake of its registers, as is its twin in assembly.
func (c *coder) symbolsGo(window []byte, n, stop int, src []byte, off, end int) (int, int, bool) {
	var (
		rng, code              = c.rng, c.code
		state                  = c.state
		rep0, rep1, rep2, rep3 = c.rep[0], c.rep[1], c.rep[2], c.rep[3]
		pbMask                 = c.pbMask & (posStates - 1)
		litMask, litSize       = c.litMask, c.litSize / 2
		one                    bool
		b                      uint32
		pr                     = &c.probs
	)
	for n < stop && off <= end {
		pos := uint32(n) & pbMask
		rng, code, off = refill(rng, code, src, off)
		if rng, code, one = branch(rng, code, &pr.isMatch[(state*posStates+pos)&255]); !one {
			last := uint32(0)
			if n > 0 {
				last = uint32(window[n-1])
			}
			lit := (*[literalCoder]uint16)(pr.literal[(uint32(n)<<8+last)&litMask*litSize:])
			m := uint32(1)
			if state < litStates {
				for m < 0x100 {
					rng, code, off = refill(rng, code, src, off)
					rng, code, b = choose(rng, code, &lit[m])
					m = m<<1 | b
				}
				state -= min(state, 3)
			} else {
				i := n - 1 - int(rep0)
				if uint(i) >= uint(n) {
					return n, off, false
				}
				match, like := uint32(window[i]), uint32(0x100)
				for m < 0x100 {
					match <<= 1
					bit := match & like
					rng, code, off = refill(rng, code, src, off)
					rng, code, b = choose(rng, code, &lit[(like+bit+m)&1023])
					m = m<<1 | b
					like &= ^(bit ^ -b)
				}
				if state < 10 {
					state -= 3
				} else {
					state -= 6
				}
			}
			window[n] = byte(m)
			n++
			continue
		}
		model := &pr.repLen
		rng, code, off = refill(rng, code, src, off)
		if rng, code, one = branch(rng, code, &pr.isRep[state&15]); one {
			rng, code, off = refill(rng, code, src, off)
			if rng, code, one = branch(rng, code, &pr.isRepG0[state&15]); !one {
				rng, code, off = refill(rng, code, src, off)
				if rng, code, one = branch(rng, code, &pr.isRep0Long[(state*posStates+pos)&255]); !one {
					i := n - 1 - int(rep0)
					if uint(i) >= uint(n) {
						return n, off, false
					}
					window[n] = window[i]
					n++
					state = 9 + b2(state >= litStates)*2
					continue
				}
			} else {
				rng, code, off = refill(rng, code, src, off)
				if rng, code, one = branch(rng, code, &pr.isRepG1[state&15]); !one {
					rep0, rep1 = rep1, rep0
				} else {
					rng, code, off = refill(rng, code, src, off)
					if rng, code, one = branch(rng, code, &pr.isRepG2[state&15]); !one {
						rep0, rep1, rep2 = rep2, rep0, rep1
					} else {
						rep0, rep1, rep2, rep3 = rep3, rep0, rep1, rep2
					}
				}
			}
			state = 8 + b2(state >= litStates)*3
		} else {
			model = &pr.matchLen
			rep1, rep2, rep3 = rep0, rep1, rep2
			state = 7 + b2(state >= litStates)*3
		}

		length, m := uint32(minMatch), uint32(1)
		rng, code, off = refill(rng, code, src, off)
		if rng, code, one = branch(rng, code, &model.choice[0]); !one {
			for m < 8 {
				rng, code, off = refill(rng, code, src, off)
				rng, code, b = choose(rng, code, &model.low[(pos*8+m)&127])
				m = m<<1 | b
			}
			length += m - 8
		} else {
			rng, code, off = refill(rng, code, src, off)
			if rng, code, one = branch(rng, code, &model.choice[1]); !one {
				for m < 8 {
					rng, code, off = refill(rng, code, src, off)
					rng, code, b = choose(rng, code, &model.mid[(pos*8+m)&127])
					m = m<<1 | b
				}
				length += m
			} else {
				for m < 0x100 {
					rng, code, off = refill(rng, code, src, off)
					rng, code, b = choose(rng, code, &model.high[m])
					m = m<<1 | b
				}
				length += m - 0x100 + 16
			}
		}

		if model == &pr.matchLen {
			tree := min(length-minMatch, lenStates-1) * 64
			m = 1
			for m < 64 {
				rng, code, off = refill(rng, code, src, off)
				rng, code, b = choose(rng, code, &pr.slot[(tree+m)&255])
				m = m<<1 | b
			}
			slot := m - 64
			if rep0 = slot; slot >= firstModeled {
				k := slot>>1 - 1
				rep0 = (2 | slot&1) << (k & 31)
				if slot < firstDirect {
					tree = rep0 - slot
					m = 1
					for i := range k {
						rng, code, off = refill(rng, code, src, off)
						rng, code, b = choose(rng, code, &pr.special[(tree+m)&127])
						m = m<<1 | b
						rep0 += b << (i & 31)
					}
				} else {
					high := uint32(0)
					for range k - 4 {
						rng, code, off = refill(rng, code, src, off)
						rng, code, b = halve(rng, code)
						high = high<<1 | b
					}
					rep0 += high << 4
					m = 1
					for i := range 4 {
						rng, code, off = refill(rng, code, src, off)
						rng, code, b = choose(rng, code, &pr.align[m&15])
						m = m<<1 | b
						rep0 += b << i
					}
				}
			}
		}
		from := n - 1 - int(rep0)
		if rep0 >= c.dictSize || uint(from) >= uint(n) || int(length) > len(window)-n {
			return n, off, false
		}
		n = repeat(window, n, from, int(length))
	}
	c.rng, c.code, c.state = rng, code, state
	c.rep = [4]uint32{rep0, rep1, rep2, rep3}
	return n, off, true
}

// b2 is 1 for true.
func b2(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
