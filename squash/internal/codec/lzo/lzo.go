// Package lzo decodes the blocks of squashfs's "lzo" compressor, which are bare LZO1X streams.
package lzo

import (
	"errors"
	"fmt"

	"github.com/anchore/go-lzo"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes LZO1X streams. It has no state; the zero value is ready.
type Decoder struct{}

var _ codec.Decoder = Decoder{}

// Decode implements codec.Decoder. The format has no checksum.
func (Decoder) Decode(dst, src []byte) (int, error) {
	n, err := lzo.Decompress(src, dst)
	if errors.Is(err, lzo.ErrOutputOverrun) {
		err = fmt.Errorf("%w: %w", codec.ErrTooLong, err)
	}
	return n, err
}
