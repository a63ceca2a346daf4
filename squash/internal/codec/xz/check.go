package xz

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
)

// check is the checksum that stands behind each block of a stream.
type check struct {
	size int // bytes
	sum  func(p []byte) []byte
}

// checkOf reads the stream flags.
func checkOf(flags []byte) (check, error) {
	switch kind := binary.BigEndian.Uint16(flags); kind {
	case 0x00:
		return check{0, func([]byte) []byte { return nil }}, nil
	case 0x01:
		return check{4, sumCRC32}, nil
	case 0x04:
		return check{8, sumCRC64}, nil
	case 0x0a:
		return check{sha256.Size, sumSHA256}, nil
	default:
		return check{}, fmt.Errorf("xz check %#02x: %w", kind, errors.ErrUnsupported)
	}
}

// matches reports whether sum is the checksum of p.
func (c check) matches(p, sum []byte) bool { return bytes.Equal(c.sum(p), sum) }

func sumCRC32(p []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(p))
}

func sumCRC64(p []byte) []byte {
	return binary.LittleEndian.AppendUint64(nil, crc64.Checksum(p, crc64.MakeTable(crc64.ECMA)))
}

func sumSHA256(p []byte) []byte {
	s := sha256.Sum256(p)
	return s[:]
}
