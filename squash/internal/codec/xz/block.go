package xz

import (
	"errors"
	"fmt"
)

// blockHeader is what a block says in front of its data.
type blockHeader struct {
	compressed   uint64 // bytes, or unknown
	uncompressed uint64 // bytes, or unknown
}

const unknown = ^uint64(0)

// block decodes the block at s.off to the front of dst, checks it and notes its record.
func (s *stream) block(dst []byte) (int, error) {
	start := s.off
	h, err := s.blockHeader()
	if err != nil {
		return 0, err
	}
	data := s.off
	n, err := s.lzma2(dst)
	if err != nil {
		return n, fmt.Errorf("lzma2: %w", err)
	}
	compressed := uint64(s.off - data)
	if h.compressed != unknown && h.compressed != compressed {
		return n, fmt.Errorf("xz block holds %d compressed bytes, its header says %d", compressed, h.compressed)
	}
	if h.uncompressed != unknown && h.uncompressed != uint64(n) {
		return n, fmt.Errorf("xz block decodes to %d bytes, its header says %d", n, h.uncompressed)
	}
	s.chain.undo(dst[:n])
	if err := s.blockEnd(data, dst[:n]); err != nil {
		return n, err
	}
	unpadded := uint64(data-start) + compressed + uint64(s.check.size())
	s.records = append(s.records, record{unpadded, uint64(n)})
	return n, nil
}

// blockEnd reads what stands behind the data of a block, which started at byte data and gave p.
func (s *stream) blockEnd(data int, p []byte) error {
	if err := s.padding(data); err != nil {
		return err
	}
	sum, err := s.take(s.check.size())
	if err != nil {
		return err
	}
	if s.contents == Checked && !s.check.matches(p, sum) {
		return errors.New("xz block does not match its checksum")
	}
	return nil
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
	return s.parseBlockHeader(b[1], fields{b[2 : size-4]})
}

func (s *stream) parseBlockHeader(flags byte, f fields) (h blockHeader, err error) {
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
	if s.chain, err = f.chain(int(flags&3) + 1); err != nil {
		return h, err
	}
	return h, f.zeros()
}

// padding skips the zeros that bring the data since start to a multiple of four bytes.
func (s *stream) padding(start int) error {
	p, err := s.take(-(s.off - start) & 3)
	if err != nil {
		return err
	}
	f := fields{p}
	return f.zeros()
}
