package squash

import "time"

// Ref locates an inode: where its metadata block begins, relative to the inode table, << 16 | the
// offset in the decoded block. 48 bits are used.
type Ref uint64

// The file types in Inode.Mode and Entry.Type, as stat(2) has them.
const (
	ModeType    = 0o170000 // mask
	ModeSocket  = 0o140000
	ModeSymlink = 0o120000
	ModeRegular = 0o100000
	ModeBlock   = 0o060000
	ModeDir     = 0o040000
	ModeChar    = 0o020000
	ModeFIFO    = 0o010000
)

// Inode is one file, directory or whatever else has a name, with the fields that stat(2) shows of
// it when the kernel mounts the image. It is immutable.
type Inode struct {
	Ref     Ref
	Number  uint32 // st_ino
	Mode    uint32 // st_mode, with the type bits
	UID     uint32
	GID     uint32
	ModTime int64 // seconds since 1970; stored unsigned, so never before it
	Nlink   uint32
	Size    int64  // st_size: bytes of a file or a link's target; of a directory its listing plus 3
	Blocks  int64  // st_blocks, in units of 512 bytes, attributes included as the kernel does
	Rdev    uint32 // of a device: encoded as in FUSE messages; Major and Minor take it apart
	Parent  uint32 // of a directory: the inode number of its parent

	place place
	xattr uint32 // index in the xattr id table, or noXattr
	dir   directory
	file  file
	link  place // of a symbolic link's target, Size bytes long
	rest  place // of what comes last: a file's block list, a directory's index, else the next inode
}

// Type returns the S_IFxxx bits of the mode.
func (i *Inode) Type() uint32 { return i.Mode & ModeType }

// IsDir reports whether i is a directory.
func (i *Inode) IsDir() bool { return i.Type() == ModeDir }

// IsRegular reports whether i is a regular file.
func (i *Inode) IsRegular() bool { return i.Type() == ModeRegular }

// HasXattrs reports whether i has extended attributes, without reading them.
func (i *Inode) HasXattrs() bool { return i.xattr != noXattr }

// Time returns ModTime as a time.
func (i *Inode) Time() time.Time { return time.Unix(i.ModTime, 0) }

// Major returns the major number of a device.
func (i *Inode) Major() uint32 { return i.Rdev >> 8 & 0xfff }

// Minor returns the minor number of a device.
func (i *Inode) Minor() uint32 { return i.Rdev&0xff | i.Rdev>>12&0xfff00 }

// directory is what a directory's inode says of its listing.
type directory struct {
	listing place
	size    int64 // bytes of the listing
	indexes int   // index entries; 0 if the directory has no index
}

// file is what a regular file's inode says of its data.
type file struct {
	start      int64  // of the first data block, in the image
	blocks     int64  // entries of the block list: data blocks without the tail in a fragment
	fragment   uint32 // index of the fragment block that holds the tail, or noFragment
	fragOffset uint32 // of the tail in the decoded fragment block, in bytes
}
