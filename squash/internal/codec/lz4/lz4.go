// Package lz4 decodes the blocks of squashfs's "lz4" compressor, which are bare LZ4 blocks.
package lz4

import (
	"github.com/pierrec/lz4/v4"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes LZ4 blocks. It has no state; the zero value is ready.
type Decoder struct{}

var _ codec.Decoder = Decoder{}

// Decode implements codec.Decoder. The format has no checksum, and the library does not tell a
// block that is too long from a broken one.
func (Decoder) Decode(dst, src []byte) (int, error) { return lz4.UncompressBlock(src, dst) }
