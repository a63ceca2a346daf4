package xz

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/ulikunitz/xz/lzma"
)

// decodeChunks decodes LZMA2 chunks without what an .xz stream has around them.
func decodeChunks(s *stream, dst, chunks []byte) (int, error) {
	s.src, s.off = append(slices.Clip(chunks), make([]byte, slack+8)...), 0
	s.chain = chain{dictSize: 1 << 16}
	n, err := s.lzma2(dst)
	if err == nil && s.off > len(chunks) {
		err = errShort // what it needed is from the zeros
	}
	return n, err
}

// oracle is what ulikunitz/xz makes of the same chunks.
func oracle(dst, chunks []byte) (int, error) {
	r, err := lzma.Reader2Config{DictCap: 1 << 16}.NewReader2(bytes.NewReader(chunks))
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, dst)
	if err == io.ErrUnexpectedEOF && r.EOS() {
		err = nil
	}
	return n, err
}

// FuzzChunks looks for chunks on which the assembly and the Go version differ, or this decoder and
// ulikunitz/xz where both accept them.
func FuzzChunks(f *testing.F) {
	for _, p := range [][]byte{[]byte(hello), program(f, 70<<10, 3000), noise(6, 300), make([]byte, 2000)} {
		f.Add(chunked(f, p), 3000)
		f.Add(chunked(f, append(p, p...)), 7000)
	}
	f.Add(chunksOf(f, pack(f, program(f, 70<<10, 3000), "-9e"), 3000), 3000)
	f.Add(slices.Concat(raw(1, "abc"), raw(2, "de"), []byte{controlEnd}), 5)
	f.Fuzz(func(t *testing.T, chunks []byte, size int) {
		size &= 1<<14 - 1
		whole, twin := bytes.Repeat([]byte{0x55}, size+64), bytes.Repeat([]byte{0x55}, size+64)
		n, err := decodeChunks(&stream{}, whole[:size:size], chunks)
		m, twinErr := decodeChunks(&stream{lzma: coder{portable: true}}, twin[:size:size], chunks)
		if n != m || (err == nil) != (twinErr == nil) || !bytes.Equal(whole[:n], twin[:n]) {
			t.Errorf("Decode = %d, %v; its Go version = %d, %v", n, err, m, twinErr)
		}
		for _, p := range [][]byte{whole, twin} {
			if !bytes.Equal(p[size:], bytes.Repeat([]byte{0x55}, 64)) {
				t.Error("bytes behind the destination were written")
			}
		}
		want := make([]byte, n)
		if k, wantErr := oracle(want, chunks); err == nil && wantErr == nil && (n != k || !bytes.Equal(whole[:n], want)) {
			t.Errorf("Decode = %d bytes that are not those of ulikunitz/xz, which are %d", n, k)
		}
	})
}

// FuzzRoundTrip packs what it is given and decodes that.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(hello), byte(0))
	f.Add(program(f, 70<<10, 3000), byte(93))
	f.Add(make([]byte, 3000), byte(100))
	f.Fuzz(func(t *testing.T, p []byte, props byte) {
		properties := &lzma.Properties{LC: int(props) % 5, PB: int(props) / 25 % 5}
		properties.LP = int(props) / 5 % 5 % (5 - properties.LC)
		var out bytes.Buffer
		w, err := lzma.Writer2Config{DictCap: 1 << 16, Properties: properties}.NewWriter2(&out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, portable := range []bool{false, true} {
			dst := make([]byte, len(p))
			n, err := decodeChunks(&stream{lzma: coder{portable: portable}}, dst, out.Bytes())
			if err != nil || !bytes.Equal(dst[:n], p) {
				t.Errorf("portable %t: Decode of %d bytes = %d, %v", portable, len(p), n, err)
			}
		}
	})
}
