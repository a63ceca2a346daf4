package squash

import (
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/squash/internal/codec"
	"github.com/pinfs/pinfs/squash/internal/codec/gzip"
	"github.com/pinfs/pinfs/squash/internal/codec/lz4"
	"github.com/pinfs/pinfs/squash/internal/codec/lzo"
	"github.com/pinfs/pinfs/squash/internal/codec/xz"
	"github.com/pinfs/pinfs/squash/internal/codec/zstd"
)

// Compressor is the algorithm that packs an image's blocks, numbered as in the superblock.
type Compressor uint16

// The compressors of squashfs 4.0. LZMA was never part of the kernel and is not supported.
const (
	Gzip Compressor = 1 + iota
	LZMA
	LZO
	XZ
	LZ4
	Zstd
)

// String returns the name that mksquashfs -comp takes.
func (c Compressor) String() string {
	names := [...]string{Gzip: "gzip", LZMA: "lzma", LZO: "lzo", XZ: "xz", LZ4: "lz4", Zstd: "zstd"}
	if c == 0 || int(c) >= len(names) {
		return fmt.Sprintf("compressor %d", uint16(c))
	}
	return names[c]
}

// decoder returns what undoes c.
func (c Compressor) decoder() (codec.Decoder, error) {
	switch c {
	case Gzip:
		return &gzip.Decoder{}, nil
	case LZO:
		return lzo.Decoder{}, nil
	case XZ:
		return xz.Decoder{}, nil
	case LZ4:
		return lz4.Decoder{}, nil
	case Zstd:
		return zstd.New()
	default:
		return nil, malformed(0, "superblock", "compressed with %v: %w", c, errors.ErrUnsupported)
	}
}
