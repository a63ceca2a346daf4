package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/pinfs/pinfs/fetch"
)

// A state file is a header, the last byte of which is log2 of the leaf size, and a record for each
// segment of an image. A record that is damaged counts as one of nothing: what it told of is fetched
// again.
const (
	magic      = "pinfs cache 1\n\x00"
	headerSize = len(magic) + 1
	recordSize = 24 // bytes: leaves, used and a checksum, little-endian
	perSegment = 64 // leaves

	// maxSegments is of an image of 8 TiB: a longer file is not one of ours.
	maxSegments = 1 << 20
)

// record tells of the leaves of one segment.
type record struct {
	leaves uint64 // a bit for each that is there, the first one lowest
	used   int64  // when one of them was, Unix time in seconds
}

// state is the state file of one image.
type state struct {
	*os.File
	pin fetch.Pin
}

// leafSize is that of the image in bytes; 0 if the header is not there or wrong.
func (s state) leafSize() int64 {
	p := make([]byte, headerSize)
	if info, err := s.Stat(); err != nil || info.Size() > recordOff(maxSegments) {
		return 0
	}
	if _, err := s.ReadAt(p, 0); err != nil || string(p[:len(magic)]) != magic || p[len(magic)] > 30 {
		return 0
	}
	return 1 << p[len(magic)]
}

// begin makes the file that of an image of which nothing is there.
func (s state) begin(leafSize int64) error {
	err := s.Truncate(0)
	if err == nil {
		_, err = s.WriteAt(append([]byte(magic), byte(bits.TrailingZeros64(uint64(leafSize)))), 0)
	}
	return err
}

// segments is for how many there is a record.
func (s state) segments() int64 {
	info, err := s.Stat()
	if err != nil {
		return 0
	}
	return min(max(info.Size()-int64(headerSize), 0)/recordSize, maxSegments)
}

// read returns the record of a segment, the zero one if there is none.
func (s state) read(segment int64) record {
	var p [recordSize]byte
	if _, err := s.ReadAt(p[:], recordOff(segment)); err != nil {
		return record{}
	}
	return s.decode(segment, p[:])
}

// stretch reports whether leaf index is there, and of how many leaves from it on, up to n, that is as true.
func (s state) stretch(index int64, n int) (there bool, same int) {
	r := s.read(index / perSegment)
	there = r.has(index)
	for same = 1; same < n; same++ {
		at := index + int64(same)
		if at%perSegment == 0 {
			r = s.read(at / perSegment)
		}
		if r.has(at) != there {
			break
		}
	}
	return there, same
}

// all returns the records of the first n segments.
func (s state) all(n int64) ([]record, error) {
	p := make([]byte, n*recordSize)
	if _, err := s.ReadAt(p, recordOff(0)); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	records := make([]record, n)
	for i := range records {
		records[i] = s.decode(int64(i), p[i*recordSize:][:recordSize])
	}
	return records, nil
}

// write replaces the record of a segment.
func (s state) write(segment int64, r record) error {
	p := make([]byte, 0, recordSize)
	p = binary.LittleEndian.AppendUint64(p, r.leaves)
	p = binary.LittleEndian.AppendUint64(p, uint64(r.used))
	p = binary.LittleEndian.AppendUint64(p, s.sum(segment, p))
	_, err := s.WriteAt(p, recordOff(segment))
	return err
}

func (s state) decode(segment int64, p []byte) record {
	if bytes.Equal(p, make([]byte, recordSize)) || binary.LittleEndian.Uint64(p[16:]) != s.sum(segment, p[:16]) {
		return record{}
	}
	return record{binary.LittleEndian.Uint64(p), int64(binary.LittleEndian.Uint64(p[8:]))}
}

// sum is the checksum of a record of this image at this place.
func (s state) sum(segment int64, p []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(s.pin.String()) // it can not fail
	_, _ = d.Write(binary.LittleEndian.AppendUint64(nil, uint64(segment)))
	_, _ = d.Write(p)
	return d.Sum64()
}

func recordOff(segment int64) int64 { return int64(headerSize) + segment*recordSize }

// has reports whether leaf index is there.
func (r record) has(index int64) bool { return r.leaves&bit(index) != 0 }

func bit(index int64) uint64 { return 1 << (index % perSegment) }

func now() int64 { return time.Now().Unix() }
