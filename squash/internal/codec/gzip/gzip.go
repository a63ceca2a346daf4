// Package gzip decodes the blocks of squashfs's "gzip" compressor, which are zlib streams.
package gzip

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Decoder decodes zlib streams and checks their Adler-32. The zero value is ready.
type Decoder struct {
	streams sync.Pool // of *stream
}

var _ codec.Decoder = (*Decoder)(nil)

// stream is the state that one call needs; it is expensive to make.
type stream struct {
	src  bytes.Reader
	zlib io.ReadCloser // nil before the first use
	more [1]byte       // what there is behind the end of the block
}

// Decode implements codec.Decoder.
func (d *Decoder) Decode(dst, src []byte) (int, error) {
	s, ok := d.streams.Get().(*stream)
	if !ok {
		s = &stream{}
	}
	n, err := s.decode(dst, src)
	s.src.Reset(nil)
	d.streams.Put(s)
	return n, err
}

func (s *stream) decode(dst, src []byte) (int, error) {
	if err := s.reset(src); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.zlib, dst)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return n, s.ended(n)
	}
	if err != nil {
		return n, err
	}
	return n, s.ended(n)
}

// ended reads on past n bytes: the checksum is compared only at the end of the stream, which also
// tells a stream that ended from one that broke off.
func (s *stream) ended(n int) error {
	switch k, err := s.zlib.Read(s.more[:]); {
	case k > 0:
		return codec.ErrTooLong
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return io.ErrNoProgress
	default:
		return err
	}
}

func (s *stream) reset(src []byte) (err error) {
	s.src.Reset(src)
	if s.zlib == nil {
		s.zlib, err = zlib.NewReader(&s.src)
		return err
	}
	return s.zlib.(zlib.Resetter).Reset(&s.src, nil)
}
