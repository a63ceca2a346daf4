package gzip

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zlib"

	"github.com/pinfs/pinfs/squash/internal/codec/codectest"
)

func encode(t testing.TB, p []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecoder(t *testing.T) { codectest.Test(t, &Decoder{}, encode) }

func TestDecoderAllocs(t *testing.T) { codectest.Allocs(t, &Decoder{}, encode) }

func TestDecoderBomb(t *testing.T) { codectest.Bomb(t, &Decoder{}, encode) }

func FuzzDecoder(f *testing.F) { codectest.Fuzz(f, &Decoder{}, encode) }
