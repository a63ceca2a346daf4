package squashtest

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"
)

// codeSize is the size of a file of machine code: one data block.
const codeSize = 128 << 10

// codeKinds are the machines that xz has filters for, named as mksquashfs -Xbcj takes them, and how
// each calls the function at byte target from byte at. The filters turn such a call into one with an
// absolute target, so a file that calls few functions from many places packs much better with them.
var codeKinds = map[string]func(at, target uint32) []byte{
	"x86": func(at, target uint32) []byte { return le32([]byte{0xe8}, target-(at+5)) },
	"arm": func(at, target uint32) []byte { return le32(nil, 0xeb000000|(target-(at+8))>>2&0xffffff) },
	"armthumb": func(at, target uint32) []byte {
		off := target - (at + 4)
		return le32(nil, 0xf000|off>>12&0x7ff|(0xf800|off>>1&0x7ff)<<16)
	},
	"powerpc": func(at, target uint32) []byte { return be32(nil, 0x48000001|(target-at)&0x3fffffc) },
	"sparc":   func(at, target uint32) []byte { return be32(nil, 0x40000000|(target-at)>>2&0x3fffffff) },
	"ia64":    ia64Call,
}

var (
	le32 = binary.LittleEndian.AppendUint32
	be32 = binary.BigEndian.AppendUint32
)

// ia64Call returns a bundle: a template that says that the third of three instructions, of 41 bits
// each, is a branch; two of no interest; the call, with its target in units of bundles.
func ia64Call(at, target uint32) []byte {
	const template, opcode = 0x10, 5 << 37
	off := uint64(target-at) >> 4
	call := opcode | off&0xfffff<<13 | off>>20&1<<36
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, template), call<<23)
}

// code makes a file of calls for each machine, and one of real machine code.
func (b *builder) code() {
	for _, name := range slices.Sorted(maps.Keys(codeKinds)) {
		b.file(name, b.calls(codeKinds[name], codeSize))
	}
	program, err := os.Executable()
	b.must(err)
	f, err := os.Open(program)
	b.must(err)
	defer f.Close()
	real := make([]byte, 2*codeSize)
	_, err = f.ReadAt(real, 8*codeSize) // behind the headers
	b.must(err)
	b.file("real", real)
}

// fewCalls makes small files of calls.
func (b *builder) fewCalls() {
	for _, name := range []string{"arm", "x86"} {
		b.file(name, b.calls(codeKinds[name], 16<<10))
	}
}

// calls returns n bytes, a multiple of 16, of calls of a few functions with other instructions in
// between.
func (b *builder) calls(call func(at, target uint32) []byte, n int) []byte {
	const align = 16 // what a bundle of ia64 has, and all others can live with
	words := b.noise(32 * align)
	choices := b.noise(2 * n / align)
	var p []byte
	for i := 0; len(p) < n; i += 2 {
		function := uint32(choices[i]%16) * 0x230
		p = append(p, call(uint32(len(p)), function)...)
		word := int(choices[i+1]%32) * align
		p = append(p, words[word:word+align-len(p)%align]...)
	}
	return p
}
