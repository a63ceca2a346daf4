package xz

import (
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// wrap makes a stream without a check of one block with the given flags of filters and chunks. Its
// index says what is the case, but for the unpacked size, which is n.
func wrap(filters, chunks []byte, n int) []byte {
	crc := func(p []byte) []byte { return binary.LittleEndian.AppendUint32(p, crc32.ChecksumIEEE(p)) }
	flags := []byte{0, 0}
	s := append([]byte(headerMagic), crc(flags[:2:2])...)

	h := append([]byte{0, 0}, filters...)
	for len(h)%4 != 0 {
		h = append(h, 0)
	}
	h[0] = byte(len(h) / 4)
	s = append(s, crc(h)...)
	s = append(s, chunks...)
	for len(s)%4 != 0 {
		s = append(s, 0)
	}

	index := binary.AppendUvarint([]byte{indexIndicator, 1}, uint64(len(h)+4+len(chunks)))
	index = binary.AppendUvarint(index, uint64(n))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	index = crc(index)
	s = append(s, index...)

	f := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	s = binary.LittleEndian.AppendUint32(s, crc32.ChecksumIEEE(f))
	return append(append(s, f...), footerMagic...)
}

// chunksOf returns the chunks of a stream of one block, which holds n bytes.
func chunksOf(t testing.TB, packed []byte, n int) []byte {
	t.Helper()
	s := stream{src: packed}
	if _, err := s.decode(make([]byte, n)); err != nil || len(s.records) != 1 {
		t.Fatalf("decode = %v with %d blocks, want one", err, len(s.records))
	}
	block := packed[headerSize:]
	return block[(int(block[0])+1)*4 : int(s.records[0].unpadded)-s.check.size()]
}

// lzma2Only is the flags of the filter LZMA2 with a dictionary of 1 MiB.
var lzma2Only = []byte{filterLZMA2, 1, 16}
