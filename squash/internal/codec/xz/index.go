package xz

import (
	"errors"
	"fmt"
)

// indexIndicator is the byte that an index has where a block would have the size of its header.
const indexIndicator = 0

// record is what the index says of one block; both are in bytes.
type record struct{ unpadded, uncompressed uint64 }

// index reads the index at s.off and compares it with the blocks that were decoded.
func (s *stream) index() error {
	start := s.off
	f := fields{s.src[start+1:]}
	count, err := f.number()
	if err != nil {
		return err
	}
	if count != uint64(len(s.records)) {
		return fmt.Errorf("xz index lists %d blocks of %d", count, len(s.records))
	}
	for i, want := range s.records {
		var got record
		if got, err = f.record(); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("xz index has %v for block %d, which is %v", got, i, want)
		}
	}
	s.off = len(s.src) - len(f.b)
	if err := s.padding(start); err != nil {
		return err
	}
	end := s.off
	sum, err := s.take(4)
	if err != nil {
		return err
	}
	if !crcMatches(s.src[start:end], sum) {
		return fmt.Errorf("index: %w", errCRC)
	}
	return nil
}

// fields reads the parts of a header one after the other.
type fields struct{ b []byte }

func (f *fields) record() (r record, err error) {
	if r.unpadded, err = f.number(); err != nil {
		return r, err
	}
	r.uncompressed, err = f.number()
	return r, err
}

// number reads an integer of up to 63 bits: seven bits a byte, the lowest first.
func (f *fields) number() (uint64, error) {
	var v uint64
	for i, c := range f.b[:min(len(f.b), 9)] {
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c == 0 && i > 0 {
				return 0, errors.New("xz integer is longer than it need be")
			}
			f.b = f.b[i+1:]
			return v, nil
		}
	}
	return 0, errors.New("xz integer has no end")
}

// zeros makes sure that nothing but zeros is left.
func (f *fields) zeros() error {
	for _, c := range f.b {
		if c != 0 {
			return errors.New("xz padding is not zero")
		}
	}
	return nil
}
