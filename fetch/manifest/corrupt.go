package manifest

import (
	"encoding/hex"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
)

// Part names what a CorruptError is about.
type Part string

// The parts of a pinned image that have a hash.
const (
	Descriptor Part = "descriptor" // of the manifest
	Tree       Part = "hash block" // of the manifest
	Leaf       Part = "leaf"       // of the image
)

// CorruptError reports bytes that do not have the hash they must have.
type CorruptError struct {
	Pin   fetch.Pin
	What  Part
	Index int64 // of the leaf, or of the hash block within its level
	Off   int64 // in the image for a leaf, else in the manifest file
	Len   int   // bytes of a leaf or hash block
	Got   Hash  // of the bytes found, zero-padded: evidence
	Want  Hash
}

// Error names the part, its place and both hashes.
func (e *CorruptError) Error() string {
	if e.What == Descriptor {
		return fmt.Sprintf("corrupt: descriptor has sha256 %s, pin is %s", e.Got, e.Pin)
	}
	return fmt.Sprintf("corrupt: %s %d (%d bytes at offset %d) of %s has sha256 %s, want %s",
		e.What, e.Index, e.Len, e.Off, e.Pin, e.Got, e.Want)
}

// Is matches fetch.ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == fetch.ErrCorrupt }

// String returns 64 lower-case hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }
