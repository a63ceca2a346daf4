// Package squash reads one squashfs 4.0 image.
//
// Open takes a Source, random access to the bytes of the image, and gives an Image. An Image is asked
// by inode reference (Inode, Lookup, ReadDir, ReadAt, Readlink, Xattrs), which is all that a file
// system needs and leaves no state behind, or by path through FS, which is an fs.FS. It shows what
// the Linux kernel shows that mounts the image.
//
// Everything may be called concurrently; readers of what is in memory do not wait for each other, and
// readers of one block share its decoding. Memory is bounded by Config, whatever the image says. Bytes
// that are no valid squashfs end in a FormatError, which concerns one file or directory only.
//
// # Layout of an image
//
//	superblock       96 bytes: sizes, compressor, where the tables are
//	options          of the compressor, if there are any; not needed for reading
//	data blocks      of all files, each packed on its own, a file's one behind the other
//	fragment blocks  tails of several files together, among the data blocks
//	inode table      metadata blocks
//	directory table  metadata blocks: listings, each a sequence of runs
//	fragment table   metadata blocks, then a list of pointers to them
//	export table     the same: inode number to inode reference
//	id table         the same: the uids and gids that inodes index
//	xattr table      metadata blocks of keys and values, then of ids, then a header with pointers
//
// All numbers are little-endian. A table that an image does not have stands in the superblock as all
// ones.
//
// # Metadata
//
// A metadata block decodes to at most 8 KiB. In front of it are two bytes: its stored size, and in
// the highest bit whether it is stored as it is. The structures in it run on from one block to the
// next without regard to where it ends. A place in the metadata is thus the position of a block and an
// offset behind decoding; an inode reference (Ref) is both in 48 bits, the position counted from the
// inode table.
//
// The tables of fragments, exports, ids and xattr ids have entries of one size, whole numbers of them
// in a block, so entry i is found by one pointer and one metadata block.
//
// # Inodes
//
// There are seven kinds (directory, file, symbolic link, block and character device, fifo, socket),
// each in a basic and an extended form; the extended one adds extended attributes, and what else is
// rare: hard links of files, sizes over 4 GiB, indexes of directories. All begin with 16 bytes:
//
//	kind, permissions, index of the uid, index of the gid   2 bytes each
//	modification time, in unsigned seconds since 1970       4 bytes
//	inode number                                            4 bytes
//
// # Directories
//
// A listing is sorted by bytes and made of runs of up to 256 entries. A run's header has what its
// entries share: their number, the metadata block of their inodes, and an inode number that theirs are
// relative to. An entry has the offset of the inode, the kind and the name. A directory whose listing
// is longer than a metadata block has an index in its extended inode: for each further block the
// first name in it, so that Lookup reads one block of the listing.
//
// # Files
//
// A file's inode has the position of its first data block and ends with the block list, four bytes a
// block: the stored size, and in bit 24 whether it is stored as it is; 0 is a block of zeros that is
// not stored. All blocks decode to the block size but the last one. Instead of a last, shorter block
// the inode may name a fragment block and an offset: there is the tail, among those of other files.
//
// # Extended attributes
//
// An inode has the index of a set in the xattr id table: a reference to the first key, how many there
// are, and their size. A key is a type for the prefix (user, trusted, security) and the rest of the
// name; the value follows, or a reference to it, if another inode has the same.
//
// # Files of this package
//
// superblock.go, layout.go (where tables may be), statfs.go, meta.go, cursor.go and region.go (metadata
// blocks), table.go (pointers to them), id.go, inode.go, inodedecode.go, dir.go, dirindex.go,
// export.go, symlink.go, xattr.go, attribute.go, fragment.go, blocklist.go, block.go and file.go (data), ahead.go,
// pump.go and front.go (reading ahead), iofs.go, path.go, openfile.go and fileinfo.go (the fs.FS).
package squash
