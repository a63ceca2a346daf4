package tree

import (
	"context"

	"github.com/pinfs/pinfs/squash"
)

// Attr is what stat(2) tells about a node.
type Attr struct {
	Node    NodeID
	Ino     uint64 // the image's inode number
	Mode    uint32 // st_mode with type bits
	Nlink   uint32
	UID     uint32
	GID     uint32
	Rdev    uint32 // as the kernel's new_encode_dev makes it
	Size    int64  // bytes
	Blocks  int64  // of 512 bytes, as du counts
	ModTime int64  // seconds since 1970; access and change time are the same
}

// Attr returns the attributes of a node.
func (t *Tree) Attr(ctx context.Context, id NodeID) (Attr, error) {
	inode, err := t.inode(ctx, id)
	if err != nil {
		return Attr{}, err
	}
	return t.attr(inode), nil
}

// BlockSize is the preferred size of a read, in bytes.
func (t *Tree) BlockSize() uint32 { return t.super.BlockSize }

func (t *Tree) attr(i *squash.Inode) Attr {
	return Attr{
		Node: t.node(i.Ref), Ino: uint64(i.Number), Mode: i.Mode, Nlink: i.Nlink,
		UID: i.UID, GID: i.GID, Rdev: i.Rdev, Size: i.Size, Blocks: i.Blocks, ModTime: i.ModTime,
	}
}

// Statfs returns the totals of the image, without any read.
func (t *Tree) Statfs() squash.Statfs { return t.image.Statfs() }
