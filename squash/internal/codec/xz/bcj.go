package xz

import (
	"encoding/binary"
	"math/bits"
)

// branches are the BCJ filters by their numbers; mksquashfs -Xbcj, xz --x86 and so on write them.
// They made the targets of branches absolute, so that calls of one function look alike; undo makes
// them relative again, in code of which p[0] has the address at.
var branches = map[uint64]struct {
	undo  func(p []byte, at uint32)
	align uint32 // of code, in bytes
}{
	0x04: {undoX86, 1},
	0x05: {undoPowerPC, 4},
	0x06: {undoIA64, 16},
	0x07: {undoARM, 4},
	0x08: {undoARMThumb, 2},
	0x09: {undoSPARC, 4},
	0x0a: {undoARM64, 4},
}

// undoX86 works on CALL and JMP with 32 bits. Any byte may look like one of the two, so those count
// only with a target that is less than 16 MiB away, and not when another one may be part of it.
func undoX86(p []byte, at uint32) {
	near := func(top byte) bool { return top == 0x00 || top == 0xff }
	skipped := uint8(0) // bit k: p[i-1-k] looks like an opcode, but does not count
	for i := 0; i+5 <= len(p); i++ {
		skipped = skipped << 1 & 0x0f
		if p[i]&0xfe != 0xe8 {
			continue
		}
		before := skipped >> 1
		back := bits.Len8(before)
		if before&(before-1) != 0 || back > 0 && near(p[i+4-back]) || !near(p[i+4]) {
			skipped |= 1
			continue
		}
		code := p[i+1 : i+5]
		pc := at + uint32(i) + 5
		target := binary.LittleEndian.Uint32(code) - pc
		if back > 0 && near(byte(target>>(24-8*back))) {
			target = target ^ (1<<(32-8*back) - 1) - pc
		}
		binary.LittleEndian.PutUint32(code, uint32(int32(target<<7)>>7))
		skipped = 0
		i += 4
	}
}

// undoARM works on BL.
func undoARM(p []byte, at uint32) {
	for i := 0; i+4 <= len(p); i += 4 {
		if code := p[i : i+4]; code[3] == 0xeb {
			v := binary.LittleEndian.Uint32(code) - (at+uint32(i)+8)>>2
			binary.LittleEndian.PutUint32(code, v&0xffffff|0xeb<<24)
		}
	}
}

// undoARMThumb works on BL, a pair of instructions with 11 bits each of the target.
func undoARMThumb(p []byte, at uint32) {
	for i := 0; i+4 <= len(p); i += 2 {
		high, low := binary.LittleEndian.Uint16(p[i:]), binary.LittleEndian.Uint16(p[i+2:])
		if high>>11 != 0x1e || low>>11 != 0x1f {
			continue
		}
		v := uint32(high&0x7ff)<<11 | uint32(low&0x7ff)
		v -= (at + uint32(i) + 4) >> 1
		binary.LittleEndian.PutUint16(p[i:], 0xf000|uint16(v>>11&0x7ff))
		binary.LittleEndian.PutUint16(p[i+2:], 0xf800|uint16(v&0x7ff))
		i += 2
	}
}

// undoARM64 works on BL and, where the target is less than 512 MiB away, on ADRP.
func undoARM64(p []byte, at uint32) {
	for i := 0; i+4 <= len(p); i += 4 {
		code := p[i : i+4]
		pc := at + uint32(i)
		switch v := binary.LittleEndian.Uint32(code); {
		case v>>26 == 0x25:
			binary.LittleEndian.PutUint32(code, (v-pc>>2)&(1<<26-1)|0x25<<26)
		case v&0x9f000000 == 0x90000000:
			page := v>>29&3 | v>>3&0x1ffffc
			if (page+0x20000)&0x1c0000 != 0 {
				continue
			}
			page -= pc >> 12
			page = uint32(int32(page<<14)>>14) & 0x1fffff
			binary.LittleEndian.PutUint32(code, v&0x9000001f|page&3<<29|page&0x1ffffc<<3)
		}
	}
}

// undoPowerPC works on bl.
func undoPowerPC(p []byte, at uint32) {
	for i := 0; i+4 <= len(p); i += 4 {
		code := p[i : i+4]
		if v := binary.BigEndian.Uint32(code); v&0xfc000003 == 0x48000001 {
			binary.BigEndian.PutUint32(code, (v-at-uint32(i))&0x03fffffc|0x48000001)
		}
	}
}

// undoSPARC works on CALL with a target that is less than 16 MiB away.
func undoSPARC(p []byte, at uint32) {
	for i := 0; i+4 <= len(p); i += 4 {
		code := p[i : i+4]
		if v := binary.BigEndian.Uint32(code); v>>22 == 0x100 || v>>22 == 0x1ff {
			v -= (at + uint32(i)) >> 2
			binary.BigEndian.PutUint32(code, uint32(int32(v<<9)>>9)&(1<<30-1)|1<<30)
		}
	}
}

// undoIA64 works on br.call in the slots, of 41 bits each, of bundles of 16 bytes.
func undoIA64(p []byte, at uint32) {
	// by the bundle's template, which slots are of the branch unit
	branch := [32]uint8{0x10: 4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0}
	for i := 0; i+16 <= len(p); i += 16 {
		for slot := range 3 {
			if branch[p[i]&0x1f]>>slot&1 != 0 {
				undoSlot(p[i:i+16], slot, at+uint32(i))
			}
		}
	}
}

// undoSlot works on one slot of a bundle, which has the address at.
func undoSlot(bundle []byte, slot int, at uint32) {
	bit := 5 + 41*slot
	p, shift := bundle[bit/8:], bit%8
	word := uint64(binary.LittleEndian.Uint32(p)) | uint64(binary.LittleEndian.Uint16(p[4:]))<<32
	v := word >> shift
	if v>>37&0xf != 5 || v>>9&7 != 0 {
		return
	}
	target := uint32(v>>13&0xfffff|v>>36&1<<20) - at>>4
	v = v&^(0x8fffff<<13) | uint64(target&0xfffff)<<13 | uint64(target>>20&1)<<36
	word = word&(1<<shift-1) | v<<shift
	binary.LittleEndian.PutUint32(p, uint32(word))
	binary.LittleEndian.PutUint16(p[4:], uint16(word>>32))
}
