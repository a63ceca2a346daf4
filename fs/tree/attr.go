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

// Statfs is what statfs(2) tells about the file system, with the kernel squashfs's own numbers.
type Statfs struct {
	BlockSize uint32 // bytes
	Blocks    uint64 // used by the image; none is free
	Files     uint64 // inodes; none is free
	NameLen   uint32 // longest name in bytes
}

// Statfs returns the totals of the image, without any read.
func (t *Tree) Statfs() Statfs {
	size := uint64(t.super.BlockSize)
	return Statfs{
		BlockSize: t.super.BlockSize,
		Blocks:    (uint64(t.super.BytesUsed) + size - 1) / size,
		Files:     uint64(t.super.Inodes),
		NameLen:   256,
	}
}
