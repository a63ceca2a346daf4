package xz

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

const (
	filterLZMA2 = 0x21
	minDict     = lzma.MinDictCap
)

// blockHeader is what a block says in front of its data.
type blockHeader struct {
	compressed   uint64 // bytes, or unknown
	uncompressed uint64 // bytes, or unknown
	dictSize     int64  // bytes
}

const unknown = ^uint64(0)

// block decodes the block at s.off into dst, checks it and notes its record.
func (s *stream) block(dst []byte) (int, error) {
	start := s.off
	h, err := s.blockHeader()
	if err != nil {
		return 0, err
	}
	data := s.off
	n, err := s.lzma2(dst, h.dictSize)
	if err != nil {
		return n, err
	}
	compressed := uint64(s.off - data)
	if h.compressed != unknown && h.compressed != compressed {
		return n, fmt.Errorf("xz block holds %d compressed bytes, its header says %d", compressed, h.compressed)
	}
	if h.uncompressed != unknown && h.uncompressed != uint64(n) {
		return n, fmt.Errorf("xz block decodes to %d bytes, its header says %d", n, h.uncompressed)
	}
	if err := s.padding(data); err != nil {
		return n, err
	}
	sum, err := s.take(s.check.size)
	if err != nil {
		return n, err
	}
	if !s.check.matches(dst[:n], sum) {
		return n, errors.New("xz block does not match its checksum")
	}
	unpadded := uint64(data-start) + compressed + uint64(s.check.size)
	s.records = append(s.records, record{unpadded, uint64(n)})
	return n, nil
}

// lzma2 decodes the LZMA2 data at s.off. The dictionary need never be larger than what it can hold,
// whatever a header asks for.
func (s *stream) lzma2(dst []byte, dictSize int64) (int, error) {
	in := bytes.NewReader(s.src[s.off:])
	dict := max(minDict, min(dictSize, int64(len(dst))))
	r, err := lzma.Reader2Config{DictCap: int(dict)}.NewReader2(in)
	if err != nil {
		return 0, fmt.Errorf("lzma2: %w", err)
	}
	n, err := io.ReadFull(r, dst)
	if err == nil {
		err = ended(r)
	} else if r.EOS() {
		err = nil // shorter than dst
	}
	s.off = len(s.src) - in.Len()
	if err != nil && !errors.Is(err, codec.ErrTooLong) {
		err = fmt.Errorf("lzma2: %w", err)
	}
	return n, err
}

// ended makes sure that r, of which all that is wanted has been read, is at its end marker.
func ended(r *lzma.Reader2) error {
	var more [1]byte
	switch n, err := r.Read(more[:]); {
	case n > 0:
		return codec.ErrTooLong
	case r.EOS():
		return nil
	case err == nil:
		return io.ErrNoProgress
	default:
		return err
	}
}

func (s *stream) blockHeader() (blockHeader, error) {
	size := (int(s.src[s.off]) + 1) * 4
	b, err := s.take(size)
	if err != nil {
		return blockHeader{}, err
	}
	if !crcMatches(b[:size-4], b[size-4:]) {
		return blockHeader{}, fmt.Errorf("block header: %w", errCRC)
	}
	return parseBlockHeader(b[1], fields{b[2 : size-4]})
}

func parseBlockHeader(flags byte, f fields) (h blockHeader, err error) {
	h.compressed, h.uncompressed = unknown, unknown
	if flags&0x3c != 0 {
		return h, fmt.Errorf("xz block flags %#02x: %w", flags, errors.ErrUnsupported)
	}
	if flags&0x40 != 0 {
		if h.compressed, err = f.number(); err != nil {
			return h, err
		}
	}
	if flags&0x80 != 0 {
		if h.uncompressed, err = f.number(); err != nil {
			return h, err
		}
	}
	if h.dictSize, err = f.filters(int(flags&3) + 1); err != nil {
		return h, err
	}
	return h, f.zeros()
}

// filters reads the filter flags, which must be those of LZMA2 alone.
func (f *fields) filters(n int) (dictSize int64, err error) {
	id, err := f.number()
	if err != nil {
		return 0, err
	}
	if n != 1 || id != filterLZMA2 {
		return 0, fmt.Errorf("xz filter %#x before LZMA2 (made with -Xbcj): %w", id, errors.ErrUnsupported)
	}
	props, err := f.number()
	if err != nil {
		return 0, err
	}
	if props != 1 || len(f.b) == 0 {
		return 0, errors.New("xz: LZMA2 wants one byte of properties")
	}
	dictSize, err = lzma.DecodeDictCap(f.b[0])
	f.b = f.b[1:]
	return dictSize, err
}

// padding skips the zeros that bring the data since start to a multiple of four bytes.
func (s *stream) padding(start int) error {
	p, err := s.take(-(s.off - start) & 3)
	if err != nil {
		return err
	}
	return (&fields{p}).zeros()
}
