package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/pinfs/pinfs/fetch"
)

// DescriptorSize is the number of bytes of the descriptor, with which every manifest file begins.
const DescriptorSize = 256

// Leaf sizes that Parse accepts, as powers of two: 4 KiB to 1 MiB.
const (
	minLogLeaf = 12
	maxLogLeaf = 20
)

// The descriptor's fields (struct fsverity_descriptor of the kernel), little-endian; what follows
// the root hash (its unused half, the salt, reserved bytes) is zero in pinfs.
const (
	offVersion   = 0  // u8, 1
	offAlgorithm = 1  // u8, 1 = SHA-256
	offLogLeaf   = 2  // u8
	offSaltSize  = 3  // u8, 0
	offSignature = 4  // u32, size of a signature that is never part of the digest, 0
	offDataSize  = 8  // u64
	offRoot      = 16 // 64 bytes, the hash first
	offZero      = offRoot + sha256.Size
)

// Parse reads the descriptor, the first DescriptorSize bytes of a manifest file.
//
// The digest is compared first: bytes that are not pin's descriptor give a *CorruptError. A
// descriptor that is what was pinned but that pinfs can not use matches fetch.ErrMalformed. What is
// allocated does not depend on the size that the descriptor claims.
func Parse(pin fetch.Pin, descriptor []byte) (*Manifest, error) {
	if got := Hash(sha256.Sum256(descriptor)); got != Hash(pin) {
		return nil, &CorruptError{Pin: pin, What: Descriptor, Got: got, Want: Hash(pin)}
	}
	if err := checkDescriptor(descriptor); err != nil {
		return nil, fmt.Errorf("descriptor of %s: %w: %w", pin, fetch.ErrMalformed, err)
	}
	m := &Manifest{
		pin:     pin,
		size:    int64(binary.LittleEndian.Uint64(descriptor[offDataSize:])),
		logLeaf: descriptor[offLogLeaf],
		root:    Hash(descriptor[offRoot:offZero]),
	}
	m.levels = levelsOf(m.Leaves(), m.logLeaf)
	return m, nil
}

// checkDescriptor returns which field of d is not as pinfs writes it.
func checkDescriptor(d []byte) error {
	if len(d) != DescriptorSize {
		return fmt.Errorf("%d bytes, want %d", len(d), DescriptorSize)
	}
	logLeaf, size := d[offLogLeaf], binary.LittleEndian.Uint64(d[offDataSize:])
	root := Hash(d[offRoot:offZero])
	switch {
	case d[offVersion] != 1:
		return fmt.Errorf("version %d, want 1", d[offVersion])
	case d[offAlgorithm] != 1:
		return fmt.Errorf("hash algorithm %d, want 1 (SHA-256)", d[offAlgorithm])
	case logLeaf < minLogLeaf || logLeaf > maxLogLeaf:
		return fmt.Errorf("block size 2^%d, want 2^%d to 2^%d", logLeaf, minLogLeaf, maxLogLeaf)
	case d[offSaltSize] != 0 || binary.LittleEndian.Uint32(d[offSignature:]) != 0:
		return fmt.Errorf("a salt or signature, want none")
	case size > math.MaxInt64:
		return fmt.Errorf("image size %d is beyond 2^63", size)
	case size == 0 && root != Hash{}:
		return fmt.Errorf("a root hash for an empty image")
	case !bytes.Equal(d[offZero:], make([]byte, DescriptorSize-offZero)):
		return fmt.Errorf("reserved bytes that are not zero")
	}
	return nil
}

// appendDescriptor is the inverse of Parse.
func appendDescriptor(b []byte, size int64, logLeaf uint8, root Hash) []byte {
	var d [DescriptorSize]byte
	d[offVersion], d[offAlgorithm], d[offLogLeaf] = 1, 1, logLeaf
	binary.LittleEndian.PutUint64(d[offDataSize:], uint64(size))
	copy(d[offRoot:], root[:])
	return append(b, d[:]...)
}
