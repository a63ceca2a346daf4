// Package squash reads one squashfs 4.0 image.
//
// Open takes a Source, random access to the bytes of the image, and gives an Image. An Image is asked
// by inode reference (Inode, Lookup, ReadDir, ReadAt, Readlink, Xattrs), which is all that a file
// system needs and leaves no state behind, or by path through FS. Everything may be called
// concurrently. Memory is bounded by Config.
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
// A metadata block decodes to at most 8 KiB and has its stored size in front; the structures in it
// run on from one block to the next without regard to where it ends. A place in the metadata is thus
// the position of a block and an offset behind decoding. All numbers are little-endian.
//
// The files of this package follow these parts: superblock.go, meta.go and cursor.go (metadata
// blocks), table.go (pointers to them), id.go, inodedecode.go, dir.go, dirindex.go, export.go,
// fragment.go, xattr.go, blocklist.go, block.go and file.go (data).
package squash
