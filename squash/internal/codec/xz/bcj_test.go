package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

// branchy returns words that look like branches of all machines, between ones that do not.
func branchy(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	p := noise(4, n)
	opcodes := []uint32{0xe8, 0xe9, 0xe8e9e8e8, 0xeb000000, 0xf800f000, 0x94000000, 0x97ffffff, 0x90000000, 0xf0ffffe0, 0x01000048, 0x48000001, 0x00000040, 0x0000c07f}
	for i := 0; i+16 <= n; i += 4 {
		switch r.IntN(6) {
		case 0:
			binary.LittleEndian.PutUint32(p[i:], opcodes[r.IntN(len(opcodes))])
		case 1:
			p[i+3] = byte(-r.IntN(2))
		case 2:
			p[i+r.IntN(8)] = 0xe8
			p[i+4+r.IntN(8)] = byte(-r.IntN(2))
		case 3: // a bundle with calls in its slots
			p[i&^15] = p[i&^15]&0xe0 | 0x16
			for _, bit := range []int{5, 46, 87} {
				setBits(p[i&^15:], bit+37, 4, 5)
				setBits(p[i&^15:], bit+9, 3, 0)
			}
		}
	}
	return p
}

func setBits(p []byte, bit, n int, v uint) {
	for k := range n {
		at := bit + k
		p[at/8] = p[at/8]&^(1<<(at%8)) | byte(v>>k&1)<<(at%8)
	}
}

var machines = map[string]uint64{
	"x86": 0x04, "powerpc": 0x05, "ia64": 0x06, "arm": 0x07, "armthumb": 0x08, "sparc": 0x09, "arm64": 0x0a,
}

// TestBranchFilters makes sure too that the input gives each filter something to do.
func TestBranchFilters(t *testing.T) {
	for _, want := range [][]byte{branchy(50_000), program(t, 4096, 300<<10), []byte("\xe8\x00\x00\x00\x00"), {0xe8}, branchy(4099)} {
		for machine, id := range machines {
			for _, start := range []string{"", "=start=65536", "=start=4294963200"} {
				packed := pack(t, want, "--check=crc32", "--"+machine+start, "--lzma2=preset=0")
				wantDecoded(t, machine+start, packed, want)
			}
			changed := bytes.Clone(want)
			if branches[id].undo(changed, 0); len(want) == 50_000 && bytes.Equal(changed, want) {
				t.Errorf("%s: the filter finds nothing", machine)
			}
		}
	}
}

func TestFiltersInARow(t *testing.T) {
	want := branchy(50_000)
	wantDecoded(t, "three", pack(t, want, "--x86", "--arm=start=4", "--ia64", "--lzma2"), want)
	wantDecoded(t, "in blocks", pack(t, want, "--block-size=7001", "--x86=start=9", "--lzma2"), want)
}

func TestOtherFiltersAreUnsupported(t *testing.T) {
	packed := pack(t, make([]byte, 500), "--delta=dist=4", "--lzma2")
	if _, err := (Decoder{}).Decode(make([]byte, 500), packed); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Decode of a delta stream = %v, want errors.ErrUnsupported", err)
	}
}
