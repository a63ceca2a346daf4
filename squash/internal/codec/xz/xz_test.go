package xz

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/pinfs/pinfs/squash/internal/codec"
	"github.com/pinfs/pinfs/squash/internal/codec/codectest"
)

func encode(t testing.TB, p []byte) []byte {
	t.Helper()
	return encodeWith(t, p, xz.WriterConfig{CheckSum: xz.CRC32, DictCap: 1 << 20})
}

func encodeWith(t testing.TB, p []byte, cfg xz.WriterConfig) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := cfg.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// wantDecoded makes sure that packed decodes to want, into exactly enough room and into more.
func wantDecoded(t *testing.T, what string, packed, want []byte) {
	t.Helper()
	for _, room := range []int{0, 1, 1000} {
		dst := make([]byte, len(want)+room)
		if n, err := (Decoder{}).Decode(dst, packed); err != nil || !bytes.Equal(dst[:n], want) {
			t.Errorf("%s: Decode into %d bytes = %d, %v, want the right %d", what, len(dst), n, err, len(want))
		}
	}
}

func TestDecoder(t *testing.T) { codectest.Test(t, Decoder{}, encode) }

func TestDecoderBomb(t *testing.T) { codectest.Bomb(t, Decoder{}, encode) }

func FuzzDecoder(f *testing.F) { codectest.Fuzz(f, Decoder{}, encode) }

// TestChecksAndBlocks decodes what squashfs never writes but the format allows: other checks, large
// dictionaries, several blocks.
func TestChecksAndBlocks(t *testing.T) {
	want := bytes.Repeat([]byte("several blocks "), 5000)
	for _, cfg := range []xz.WriterConfig{
		{CheckSum: xz.CRC64}, {CheckSum: xz.SHA256}, {NoCheckSum: true}, {BlockSize: 10_000}, {DictCap: 64 << 20},
	} {
		dst := make([]byte, len(want)+1)
		if n, err := (Decoder{}).Decode(dst, encodeWith(t, want, cfg)); err != nil || !bytes.Equal(dst[:n], want) {
			t.Errorf("%+v: Decode = %d, %v", cfg, n, err)
		}
	}
}

// TestFlipsNeverGiveWrongBytes relies on the format's checksums. A flip that leaves the bytes right,
// such as one in a chunk's own size, may pass.
func TestFlipsNeverGiveWrongBytes(t *testing.T) {
	want := bytes.Repeat([]byte("flip "), 60)
	packed := encode(t, want)
	dst := make([]byte, len(want))
	for i := range packed {
		for bit := range 8 {
			p := bytes.Clone(packed)
			p[i] ^= 1 << bit
			if n, err := (Decoder{}).Decode(dst, p); err == nil && !bytes.Equal(dst[:n], want) {
				t.Errorf("bit %d of byte %d of %d: Decode = %d wrong bytes without an error", bit, i, len(packed), n)
			}
		}
		if n, err := (Decoder{}).Decode(dst, packed[:i]); err == nil {
			t.Errorf("the first %d bytes of %d: Decode = %d without an error", i, len(packed), n)
		}
	}
	if _, err := (Decoder{}).Decode(dst, append(packed, 0)); err == nil {
		t.Error("a byte behind the stream is not noticed")
	}
	if _, err := (Decoder{}).Decode(dst[:100], packed); !errors.Is(err, codec.ErrTooLong) {
		t.Errorf("Decode into too little = %v", err)
	}
	if _, err := (Decoder{}).Decode(make([]byte, 600), append(packed, packed...)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Decode of two streams = %v, want errors.ErrUnsupported", err)
	}
}

// TestVouchedLeavesOutTheContents: only the checksum of the contents, which lies before the index.
func TestVouchedLeavesOutTheContents(t *testing.T) {
	want := []byte("whoever compared the packed bytes knows")
	packed := encode(t, want)
	dst := make([]byte, len(want))
	sum := len(packed) - footerSize - 8 - 1
	packed[sum] ^= 1
	if _, err := (Decoder{}).Decode(dst, packed); err == nil {
		t.Error("Decode of a stream with a wrong checksum succeeds")
	}
	if n, err := (Decoder{Contents: Vouched}).Decode(dst, packed); err != nil || !bytes.Equal(dst[:n], want) {
		t.Errorf("Decode of vouched bytes = %d, %v", n, err)
	}
	packed[len(packed)-footerSize-1] ^= 1
	if _, err := (Decoder{Contents: Vouched}).Decode(dst, packed); err == nil {
		t.Error("Decode of a vouched stream with a wrong index succeeds")
	}
}

func TestNoAllocations(t *testing.T) {
	want := bytes.Repeat([]byte("again and again "), 8000)
	for _, cfg := range []xz.WriterConfig{
		{CheckSum: xz.CRC32}, {CheckSum: xz.CRC64}, {CheckSum: xz.SHA256}, {NoCheckSum: true}, {BlockSize: 50_000},
	} {
		packed, dst := encodeWith(t, want, cfg), make([]byte, len(want))
		allocs := testing.AllocsPerRun(20, func() {
			if _, err := (Decoder{}).Decode(dst, packed); err != nil {
				t.Error(err)
			}
		})
		if allocs > 0 && !raceEnabled {
			t.Errorf("%+v: Decode allocates %v times", cfg, allocs)
		}
	}
}
