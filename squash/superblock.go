package squash

import (
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"time"
)

const (
	superblockSize = 96
	magic          = 0x73717368 // "hsqs"
	magicSwapped   = 0x68737173 // "sqsh": big-endian, which ended with squashfs 3
	minBlockSize   = 4 << 10
	maxBlockSize   = 1 << 20
	noTable        = ^uint64(0)
)

// Bits of Superblock.Flags that say what an image has; the others say how mksquashfs was called.
const (
	FlagNoXattrs = 0x200 // extended attributes were left out
	FlagExports  = 0x080 // there is an export table, see Image.ParentRef
)

// Superblock is the decoded head of an image.
type Superblock struct {
	Inodes     uint32     // number of inodes
	ModTime    time.Time  // when the image was made, to the second
	BlockSize  uint32     // bytes of a data block, a power of two from 4 KiB to 1 MiB
	Fragments  uint32     // number of fragment blocks
	Compressor Compressor // of every block that is not stored plain
	Flags      uint16     // as stored
	IDs        uint16     // number of distinct uids and gids
	Root       Ref        // the root directory
	BytesUsed  int64      // bytes of the file system; the Source may be longer

	// Where the tables begin, in bytes of the image; noTable where there is none. Those of ids,
	// xattrs, fragments and exports are lists of pointers to metadata blocks.
	idTable, xattrTable, inodeTable, dirTable, fragmentTable, exportTable uint64
}

// HasXattrs reports whether any inode can have extended attributes.
func (s Superblock) HasXattrs() bool { return s.xattrTable != noTable }

// HasExports reports whether inodes can be found by their number.
func (s Superblock) HasExports() bool { return s.exportTable != noTable }

// readSuperblock reads and checks the head of src.
func readSuperblock(ctx context.Context, src Source) (Superblock, error) {
	if src.Size() < superblockSize {
		return Superblock{}, malformed(0, "superblock", "not a squashfs: the image has only %d bytes", src.Size())
	}
	var b [superblockSize]byte
	if err := src.ReadAt(ctx, b[:], 0); err != nil {
		return Superblock{}, err
	}
	if err := checkKind(b[:]); err != nil {
		return Superblock{}, err
	}
	s := parseSuperblock(b[:])
	// Where there is no table, some makers leave a zero.
	if s.Flags&FlagExports == 0 {
		s.exportTable = noTable
	}
	if s.Fragments == 0 {
		s.fragmentTable = noTable
	}
	return s, s.check(src.Size(), binary.LittleEndian.Uint16(b[22:]))
}

// checkKind makes sure that b is the head of a squashfs 4.0.
func checkKind(b []byte) error {
	le := binary.LittleEndian
	switch m := le.Uint32(b); m {
	case magic:
	case magicSwapped:
		return malformed(0, "superblock", "big-endian squashfs, made before version 4: %w", errors.ErrUnsupported)
	default:
		return malformed(0, "superblock", "not a squashfs: it begins with % x instead of 68 73 71 73", b[:4])
	}
	if major, minor := le.Uint16(b[28:]), le.Uint16(b[30:]); major != 4 || minor != 0 {
		return malformed(0, "superblock", "squashfs version %d.%d, want 4.0: %w", major, minor, errors.ErrUnsupported)
	}
	return nil
}

func parseSuperblock(b []byte) Superblock {
	le := binary.LittleEndian
	return Superblock{
		Inodes:     le.Uint32(b[4:]),
		ModTime:    time.Unix(int64(le.Uint32(b[8:])), 0),
		BlockSize:  le.Uint32(b[12:]),
		Fragments:  le.Uint32(b[16:]),
		Compressor: Compressor(le.Uint16(b[20:])),
		Flags:      le.Uint16(b[24:]),
		IDs:        le.Uint16(b[26:]),
		Root:       Ref(le.Uint64(b[32:])),
		BytesUsed:  int64(le.Uint64(b[40:])),

		idTable:       le.Uint64(b[48:]),
		xattrTable:    le.Uint64(b[56:]),
		inodeTable:    le.Uint64(b[64:]),
		dirTable:      le.Uint64(b[72:]),
		fragmentTable: le.Uint64(b[80:]),
		exportTable:   le.Uint64(b[88:]),
	}
}

// check compares the fields with each other and with the size of the source in bytes.
func (s *Superblock) check(size int64, blockLog uint16) error {
	bad := func(format string, args ...any) error { return malformed(0, "superblock", format, args...) }
	switch {
	case s.BlockSize < minBlockSize || s.BlockSize > maxBlockSize || bits.OnesCount32(s.BlockSize) != 1:
		return bad("block size %d is no power of two from %d to %d", s.BlockSize, minBlockSize, maxBlockSize)
	case 1<<min(blockLog, 31) != s.BlockSize:
		return bad("block size %d and its logarithm %d contradict each other", s.BlockSize, blockLog)
	case s.BytesUsed < superblockSize:
		return bad("the file system has %d bytes", s.BytesUsed)
	case s.BytesUsed > size:
		return bad("the image is truncated: the file system has %d bytes, the image only %d", s.BytesUsed, size)
	case s.IDs == 0:
		return bad("there are no ids")
	case s.Inodes == 0 && s.HasExports():
		return bad("there are no inodes to export")
	case s.Root>>48 != 0:
		return bad("root inode reference %#x has more than 48 bits", uint64(s.Root))
	}
	return s.checkTables()
}
