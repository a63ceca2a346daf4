package zstd

import (
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pinfs/pinfs/squash/internal/codec/codectest"
)

func encode(t testing.TB, p []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(p, nil)
}

func TestDecoder(t *testing.T) { codectest.Test(t, newDecoder(t), encode) }

func TestDecoderAllocs(t *testing.T) { codectest.Allocs(t, newDecoder(t), encode) }

func TestDecoderBomb(t *testing.T) { codectest.Bomb(t, newDecoder(t), encode) }

func FuzzDecoder(f *testing.F) { codectest.Fuzz(f, newDecoder(f), encode) }

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return d
}
