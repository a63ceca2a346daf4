// Package zstd decodes the blocks of squashfs's "zstd" compressor, which are Zstandard frames.
package zstd

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes Zstandard frames. Make one with New.
type Decoder struct {
	frames *zstd.Decoder
}

var _ codec.Decoder = (*Decoder)(nil)

// New returns a Decoder for as many concurrent calls as there are processors; more of them wait.
func New() (*Decoder, error) {
	frames, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	return &Decoder{frames}, nil
}

// Decode implements codec.Decoder.
func (d *Decoder) Decode(dst, src []byte) (int, error) {
	out, err := d.frames.DecodeAll(src, dst[:0:len(dst)])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: %w", codec.ErrTooLong, err)
	}
	if len(out) > 0 && len(out) <= len(dst) && &out[0] != &dst[0] {
		copy(dst, out) // the library may outgrow dst for a while
	}
	return len(out), err
}
