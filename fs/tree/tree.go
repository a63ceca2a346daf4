// Package tree turns a squashfs image into the nodes that a file system server hands out.
package tree

import (
	"context"
	"errors"
	"fmt"

	"github.com/pinfs/pinfs/squash"
)

// Errors that the server answers with an errno of their own.
var (
	ErrNotExist = errors.New("no such name")      // in that directory
	ErrNoXattr  = errors.New("no such attribute") // on that node
	ErrNoData   = errors.New("no data there")     // nothing but holes up to the end of the file
	ErrStale    = errors.New("no such node")      // for a handle that some other image gave out
)

// NodeID names a node for as long as the image lives, in every process that serves it: 1 is the
// root, anything else the inode's reference + 2. There is no table to build or to hand over.
type NodeID uint64

// Root is the node of the image's root directory.
const Root NodeID = 1

const (
	refShift = 2       // keeps reference 0 clear of 0 and of Root
	maxRef   = 1 << 48 // references have 48 bits
)

// Tree serves one image. All methods may be called concurrently; their errors are those of package
// squash and of its Source, unchanged in the chain, or one of those above.
type Tree struct {
	image *squash.Image
	info  Info
	super squash.Superblock
}

// New makes a Tree of image, described by info.
func New(image *squash.Image, info Info) *Tree {
	return &Tree{image: image, info: info, super: image.Superblock()}
}

// node is the NodeID of the inode at ref.
func (t *Tree) node(ref squash.Ref) NodeID {
	if ref == t.image.RootRef() {
		return Root
	}
	return NodeID(ref) + refShift
}

// inode returns the inode of a node.
func (t *Tree) inode(ctx context.Context, id NodeID) (*squash.Inode, error) {
	if id == Root {
		return t.image.Inode(ctx, t.image.RootRef())
	}
	if id < refShift || id >= maxRef+refShift {
		return nil, fmt.Errorf("node %d: %w", id, ErrStale)
	}
	return t.image.Inode(ctx, squash.Ref(id-refShift))
}
