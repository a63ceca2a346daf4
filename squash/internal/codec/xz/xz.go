// Package xz decodes the blocks of squashfs's "xz" compressor, which are small .xz streams.
//
// squashfs writes one stream with one block and a CRC32 for each of its own blocks. Streams of
// several blocks, all checks of the format and the BCJ filters before LZMA2 are understood as well.
// What is refused matches errors.ErrUnsupported: the delta filter, filters and checks that the
// format does not know, and a second stream behind the first.
//
// The destination is the dictionary: nothing is decoded to anywhere else and copied.
package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes .xz streams and checks what they say of themselves. The zero value is ready.
type Decoder struct {
	// Contents says who answers for the decoded bytes.
	Contents Contents
}

// Contents is the treatment of the checksum behind each block of a stream.
type Contents uint8

const (
	// Checked compares the decoded bytes with the stream's own checksum.
	Checked Contents = iota
	// Vouched leaves that out, for streams whose packed bytes were compared with a trusted digest:
	// a checksum that came with them can only find what decodes wrongly, never what was changed.
	// Headers, sizes and the index are checked all the same.
	Vouched
)

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

// streams holds the state of decoders at rest, some 30 KiB each.
var streams = sync.Pool{New: func() any { return new(stream) }}

// Decode implements codec.Decoder. The bytes of dst behind the n decoded ones are unspecified.
func (d Decoder) Decode(dst, src []byte) (int, error) {
	s := streams.Get().(*stream)
	defer s.release()
	s.src, s.contents = src, d.Contents
	return s.decode(dst)
}

// stream is one .xz stream that is being decoded.
type stream struct {
	src      []byte
	off      int // decoded up to here
	check    check
	contents Contents
	records  []record // of the blocks so far
	chain    chain    // the filters of the block at hand
	lzma     coder
}

// keptRecords bounds what a stream of very many blocks leaves behind in the pool.
const keptRecords = 1 << 10

// release gives s back to the pool, without what it was given.
func (s *stream) release() {
	s.src, s.off = nil, 0
	s.records = s.records[:0]
	if cap(s.records) > keptRecords {
		s.records = nil
	}
	streams.Put(s)
}

func (s *stream) decode(dst []byte) (int, error) {
	if err := s.header(); err != nil {
		return 0, err
	}
	n := 0
	for {
		if s.off >= len(s.src) {
			return n, errShort
		}
		if s.src[s.off] == indexIndicator {
			return n, s.tail()
		}
		k, err := s.block(dst[n:])
		n += k
		if err != nil {
			return n, err
		}
	}
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
	if string(h[:len(headerMagic)]) != headerMagic {
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
	case string(f[8+flagsSize:]) != footerMagic:
		return errors.New("no xz stream footer")
	case !crcMatches(f[4:8+flagsSize], f[:4]):
		return fmt.Errorf("stream footer: %w", errCRC)
	case !bytes.Equal(flags, s.src[len(headerMagic):len(headerMagic)+flagsSize]):
		return errors.New("xz stream footer contradicts the header")
	case (int64(binary.LittleEndian.Uint32(f[4:]))+1)*4 != int64(indexSize):
		return errors.New("xz stream footer gives another size of the index")
	default:
		return s.end()
	}
}

// end makes sure that nothing follows the footer. A block of squashfs is never more than one stream.
func (s *stream) end() error {
	rest := s.src[s.off:]
	switch {
	case len(rest) == 0:
		return nil
	case bytes.HasPrefix(rest, []byte(headerMagic)):
		return fmt.Errorf("a second xz stream follows the first: %w", errors.ErrUnsupported)
	default:
		return fmt.Errorf("%d bytes follow the xz stream", len(rest))
	}
}

// crcMatches reports whether sum holds the CRC32 of p.
func crcMatches(p, sum []byte) bool {
	return crc32.ChecksumIEEE(p) == binary.LittleEndian.Uint32(sum)
}
