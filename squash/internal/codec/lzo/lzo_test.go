package lzo

import (
	"testing"

	"github.com/pinfs/pinfs/squash/internal/codec/codectest"
)

// encode makes the simplest LZO1X stream: one long run of literals. Streams of a real encoder are
// read in the tests of package squash.
func encode(_ testing.TB, p []byte) []byte {
	var out []byte
	switch n := len(p); {
	case n <= 238:
		out = append(out, byte(n+17))
	default:
		out = append(out, 0)
		for n -= 18; n > 255; n -= 255 {
			out = append(out, 0)
		}
		out = append(out, byte(n))
	}
	return append(append(out, p...), 0x11, 0, 0)
}

func TestDecoder(t *testing.T) { codectest.Test(t, Decoder{}, encode) }

func TestDecoderAllocs(t *testing.T) { codectest.Allocs(t, Decoder{}, encode) }

func TestDecoderBomb(t *testing.T) { codectest.Bomb(t, Decoder{}, encode) }

func FuzzDecoder(f *testing.F) { codectest.Fuzz(f, Decoder{}, encode) }
