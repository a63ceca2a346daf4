package xz

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
)

// check is the kind of checksum that stands behind each block of a stream.
type check uint16

const (
	checkNone   check = 0x00
	checkCRC32  check = 0x01
	checkCRC64  check = 0x04
	checkSHA256 check = 0x0a
)

var ecma = crc64.MakeTable(crc64.ECMA)

// checkOf reads the stream flags.
func checkOf(flags []byte) (check, error) {
	switch kind := check(binary.BigEndian.Uint16(flags)); kind {
	case checkNone, checkCRC32, checkCRC64, checkSHA256:
		return kind, nil
	default:
		return 0, fmt.Errorf("xz check %#02x: %w", uint16(kind), errors.ErrUnsupported)
	}
}

// size is that of the checksum, in bytes.
func (c check) size() int {
	switch c {
	case checkCRC32:
		return crc32.Size
	case checkCRC64:
		return crc64.Size
	case checkSHA256:
		return sha256.Size
	default:
		return 0
	}
}

// matches reports whether sum, which has c's size, is the checksum of p.
func (c check) matches(p, sum []byte) bool {
	switch c {
	case checkCRC32:
		return crc32.ChecksumIEEE(p) == binary.LittleEndian.Uint32(sum)
	case checkCRC64:
		return crc64.Checksum(p, ecma) == binary.LittleEndian.Uint64(sum)
	case checkSHA256:
		return sha256.Sum256(p) == [sha256.Size]byte(sum)
	default:
		return true
	}
}
