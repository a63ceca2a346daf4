// Package zstd decodes the blocks of squashfs's "zstd" compressor, which are Zstandard frames.
package zstd

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// maxWindow is how far back a frame may reach, in bytes: what RFC 8878 asks a decoder to take. It is
// only a claim in the header, no buffer has its size.
const maxWindow = 8 << 20

// Decoder decodes Zstandard frames. Make one with New.
type Decoder struct {
	frames sync.Pool // of *zstd.Decoder, each for one call at a time: the library's own go around all
}

var _ codec.Decoder = (*Decoder)(nil)

// New returns a Decoder for any number of concurrent calls.
func New() (*Decoder, error) {
	first, err := newFrames()
	if err != nil {
		return nil, err
	}
	d := &Decoder{}
	d.frames.Put(first)
	return d, nil
}

func newFrames() (*zstd.Decoder, error) {
	frames, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	return frames, nil
}

// Decode implements codec.Decoder.
func (d *Decoder) Decode(dst, src []byte) (n int, err error) {
	frames, ok := d.frames.Get().(*zstd.Decoder)
	if !ok {
		if frames, err = newFrames(); err != nil {
			return 0, err
		}
	}
	out, err := frames.DecodeAll(src, dst[:0:len(dst)])
	d.frames.Put(frames)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: %w", codec.ErrTooLong, err)
	}
	if len(out) > 0 && len(out) <= len(dst) && &out[0] != &dst[0] {
		copy(dst, out) // the library may outgrow dst for a while
	}
	return len(out), err
}
