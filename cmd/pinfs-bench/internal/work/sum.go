package work

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"sync/atomic"
)

// sum adds up what was seen, whatever the order. Its checksums are the cheapest there are, so that they
// do not hide how fast a read was; Digest is the job that really compares.
type sum struct {
	operations, bytes atomic.Int64
	of                atomic.Uint64
	exact             hash.Hash // of Digest only
}

var table = crc32.MakeTable(crc32.Castagnoli) // which processors have an instruction for

func newSum() *sum { return &sum{exact: sha256.New()} }

// add notes an operation that saw content of a name.
func (s *sum) add(name string, n int64, content uint32) {
	s.operations.Add(1)
	s.bytes.Add(n)
	s.of.Add(uint64(crc32.Checksum([]byte(name), table))<<32 | uint64(content))
}

func (s *sum) text() string { return fmt.Sprintf("%016x-%x", s.of.Load(), s.exact.Sum(nil)[:16]) }
