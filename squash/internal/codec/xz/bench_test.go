package xz

import "testing"

// BenchmarkDecode decodes a block of 128 KiB of a program; make bench-xz compares with others.
func BenchmarkDecode(b *testing.B) {
	want := program(b, 128<<10, 128<<10)
	packed, dst := pack(b, want, "--check=crc32", "--lzma2=preset=6,dict=128KiB"), make([]byte, len(want))
	b.SetBytes(int64(len(want)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Decoder{}).Decode(dst, packed); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReset is what each block pays before its first symbol.
func BenchmarkReset(b *testing.B) {
	var c coder
	if err := c.setProps(93); err != nil { // lc=3 lp=0 pb=2
		b.Fatal(err)
	}
	for b.Loop() {
		c.resetState()
	}
}
