package lz4

import (
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/pinfs/pinfs/squash/internal/codec/codectest"
)

func encode(t testing.TB, p []byte) []byte {
	t.Helper()
	out := make([]byte, lz4.CompressBlockBound(len(p))+16)
	var c lz4.Compressor
	n, err := c.CompressBlock(p, out)
	if err != nil {
		t.Fatal(err)
	}
	return out[:n]
}

func TestDecoder(t *testing.T) { codectest.Test(t, Decoder{}, encode) }

func TestDecoderAllocs(t *testing.T) { codectest.Allocs(t, Decoder{}, encode) }

func TestDecoderBomb(t *testing.T) { codectest.Bomb(t, Decoder{}, encode) }

func FuzzDecoder(f *testing.F) { codectest.Fuzz(f, Decoder{}, encode) }
