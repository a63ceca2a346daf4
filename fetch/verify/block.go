// Package verify turns untrusted bytes into verified ones.
package verify

import (
	"fmt"
	"io"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// Block holds the verified bytes of one leaf. Only this package can make a non-empty one. It is
// immutable.
type Block struct{ b []byte }

// Len returns the number of bytes.
func (b Block) Len() int { return len(b.b) }

// CopyAt copies bytes from off on into p and returns how many.
func (b Block) CopyAt(p []byte, off int) int { return copy(p, b.b[off:]) }

// WriteAt writes the bytes to w at off.
func (b Block) WriteAt(w io.WriterAt, off int64) error {
	_, err := w.WriteAt(b.b, off)
	return err
}

// Check makes p, which it takes ownership of, the Block of leaf index; parent is the verified hash
// block above it. It returns a manifest.CorruptError when p is not that leaf.
func Check(m *manifest.Manifest, index int64, parent manifest.HashBlock, p []byte) (Block, error) {
	if err := m.CheckLeaf(index, parent, p); err != nil {
		return Block{}, err
	}
	return Block{p}, nil
}

// CorruptError reports bytes that do not have the hash their pin demands, and where they came from.
type CorruptError struct {
	Location fetch.Location
	Err      error // usually a *manifest.CorruptError
}

// Error names the object, the place in it and both hashes.
func (e *CorruptError) Error() string { return fmt.Sprintf("%s: %v", e.Location, e.Err) }

// Object is the URL of what is corrupt: failures are counted by it.
func (e *CorruptError) Object() string { return e.Location.URL }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Is matches fetch.ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == fetch.ErrCorrupt }
