package xz

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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

func TestDecoder(t *testing.T) { codectest.Test(t, Decoder{}, encode) }

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
}

// TestOtherFiltersAreUnsupported uses the xz program for a filter that no library here can write.
func TestOtherFiltersAreUnsupported(t *testing.T) {
	name := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(name, bytes.Repeat([]byte("\xe8\x00\x01\x02\x00"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("xz", "--check=crc32", "--x86", "--lzma2=dict=8KiB", "--stdout", name).Output()
	if err != nil {
		t.Fatalf("xz: %v", err)
	}
	if _, err := (Decoder{}).Decode(make([]byte, 500), out); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Decode of a BCJ stream = %v, want errors.ErrUnsupported", err)
	}
}
