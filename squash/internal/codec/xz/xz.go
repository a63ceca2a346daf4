// Package xz decodes the blocks of squashfs's "xz" compressor, which are small .xz streams.
//
// squashfs writes one stream with one block and a CRC32 for each of its own blocks. Streams of
// several blocks and the other checks of the format are understood as well. Of the filters only
// LZMA2 is: the BCJ filters that mksquashfs -Xbcj puts before it give an error that matches
// errors.ErrUnsupported.
package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes .xz streams and checks what they say of themselves. The zero value is ready.
type Decoder struct{}

var _ codec.Decoder = Decoder{}

const (
	headerMagic = "\xfd7zXZ\x00"
	footerMagic = "YZ"
	flagsSize   = 2 // the stream flags: a zero byte, then the kind of check
	headerSize  = len(headerMagic) + flagsSize + 4
	footerSize  = 4 + 4 + flagsSize + len(footerMagic)
)

var (
	errShort = errors.New("xz stream breaks off")
	errCRC   = errors.New("xz structure does not match its CRC32")
)

// Decode implements codec.Decoder.
func (Decoder) Decode(dst, src []byte) (int, error) {
	s := stream{src: src}
	if err := s.header(); err != nil {
		return 0, err
	}
	n := 0
	for {
		if s.off >= len(src) {
			return n, errShort
		}
		if src[s.off] == indexIndicator {
			return n, s.tail()
		}
		k, err := s.block(dst[n:])
		n += k
		if err != nil {
			return n, err
		}
	}
}

// stream is one .xz stream that is being decoded.
type stream struct {
	src     []byte
	off     int // decoded up to here
	check   check
	records []record // of the blocks so far
}

// take returns the next n bytes.
func (s *stream) take(n int) ([]byte, error) {
	if n < 0 || n > len(s.src)-s.off {
		return nil, errShort
	}
	s.off += n
	return s.src[s.off-n : s.off : s.off], nil
}

func (s *stream) header() error {
	h, err := s.take(headerSize)
	if err != nil {
		return err
	}
	flags := h[len(headerMagic) : len(headerMagic)+flagsSize]
	if !bytes.HasPrefix(h, []byte(headerMagic)) {
		return errors.New("no xz stream")
	}
	if !crcMatches(flags, h[headerSize-4:]) {
		return fmt.Errorf("stream header: %w", errCRC)
	}
	s.check, err = checkOf(flags)
	return err
}

// tail checks the index, which starts at s.off, and the footer.
func (s *stream) tail() error {
	start := s.off
	if err := s.index(); err != nil {
		return err
	}
	indexSize := s.off - start
	f, err := s.take(footerSize)
	if err != nil {
		return err
	}
	flags := f[8 : 8+flagsSize]
	switch {
	case s.off != len(s.src):
		return fmt.Errorf("%d bytes follow the xz stream", len(s.src)-s.off)
	case string(f[8+flagsSize:]) != footerMagic:
		return errors.New("no xz stream footer")
	case !crcMatches(f[4:8+flagsSize], f[:4]):
		return fmt.Errorf("stream footer: %w", errCRC)
	case !bytes.Equal(flags, s.src[len(headerMagic):len(headerMagic)+flagsSize]):
		return errors.New("xz stream footer contradicts the header")
	case (int64(binary.LittleEndian.Uint32(f[4:]))+1)*4 != int64(indexSize):
		return errors.New("xz stream footer gives another size of the index")
	}
	return nil
}

// crcMatches reports whether sum holds the CRC32 of p.
func crcMatches(p, sum []byte) bool {
	return crc32.ChecksumIEEE(p) == binary.LittleEndian.Uint32(sum)
}
