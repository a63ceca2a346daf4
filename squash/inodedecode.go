package squash

import (
	"context"
	"encoding/binary"
)

// Kinds of inodes on disk. Each has an extended form, extendedKind higher, that has room for large
// sizes, hard links of files and extended attributes.
const (
	kindDir = 1 + iota
	kindFile
	kindSymlink
	kindBlock
	kindChar
	kindFIFO
	kindSocket
	extendedKind = kindSocket
)

const (
	noXattr    = ^uint32(0)
	noFragment = ^uint32(0)
	maxSymlink = 4 << 10 // bytes; what Linux allows
	emptyDir   = 3       // what an empty directory's stored size is, for "." and ".."
)

// modeOf returns the S_IFxxx bits for a basic kind, 0 for what is none.
func modeOf(kind uint16) uint32 {
	modes := [...]uint32{kindDir: ModeDir, kindFile: ModeRegular, kindSymlink: ModeSymlink, kindBlock: ModeBlock,
		kindChar: ModeChar, kindFIFO: ModeFIFO, kindSocket: ModeSocket}
	if int(kind) >= len(modes) {
		return 0
	}
	return modes[kind]
}

// Inode reads the inode at ref, which is cheap while its metadata block is in the cache. A ref that
// does not come from this image gives an error or some inode, never a panic.
func (m *Image) Inode(ctx context.Context, ref Ref) (*Inode, error) {
	ino, err := m.decodeInode(ctx, ref)
	if err == nil {
		err = m.addXattrBlocks(ctx, ino)
	}
	if err != nil {
		return nil, err
	}
	return ino, nil
}

// decodeInode is Inode without the blocks of its extended attributes, which are in another table.
func (m *Image) decodeInode(ctx context.Context, ref Ref) (*Inode, error) {
	in := m.inodes("inode")
	at := in.at(uint64(ref))
	c, err := m.cursorAt(ctx, at, in)
	if err != nil {
		return nil, err
	}
	b, err := c.take(ctx, 16)
	if err != nil {
		return nil, err
	}
	kind := binary.LittleEndian.Uint16(b)
	ino := &Inode{Ref: ref, Nlink: 1, place: at, xattr: noXattr}
	if err := m.decodeHead(ino, b, c); err != nil {
		return nil, err
	}
	if kind <= extendedKind {
		ino.Mode |= modeOf(kind)
		err = m.decodeBasic(ctx, ino, c)
	} else {
		ino.Mode |= modeOf(kind - extendedKind)
		err = m.decodeExtended(ctx, ino, c)
	}
	if err != nil {
		return nil, err
	}
	ino.rest = c.place()
	return ino, nil
}

// decodeHead reads the 16 bytes that all kinds begin with.
func (m *Image) decodeHead(ino *Inode, b []byte, c *cursor) error {
	le := binary.LittleEndian
	if kind := le.Uint16(b); kind == 0 || kind > 2*extendedKind {
		return c.malformed("there is no kind %d", kind)
	}
	ino.Mode = uint32(le.Uint16(b[2:])) &^ ModeType
	uid, gid := int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
	if uid >= len(m.ids) || gid >= len(m.ids) {
		return c.malformed("uid %d or gid %d is not among the %d ids", uid, gid, len(m.ids))
	}
	ino.UID, ino.GID = m.ids[uid], m.ids[gid]
	ino.ModTime = int64(le.Uint32(b[8:]))
	if ino.Number = le.Uint32(b[12:]); ino.Number == 0 {
		return c.malformed("its number is 0")
	}
	return nil
}

func (m *Image) decodeBasic(ctx context.Context, ino *Inode, c *cursor) error {
	switch ino.Type() {
	case ModeDir:
		return m.decodeDir(ctx, ino, c)
	case ModeRegular:
		return m.decodeFile(ctx, ino, c)
	case ModeSymlink:
		return decodeSymlink(ctx, ino, c)
	default:
		return decodeSpecial(ctx, ino, c)
	}
}

func (m *Image) decodeExtended(ctx context.Context, ino *Inode, c *cursor) (err error) {
	switch ino.Type() {
	case ModeDir:
		err = m.decodeExtendedDir(ctx, ino, c)
	case ModeRegular:
		err = m.decodeExtendedFile(ctx, ino, c)
	case ModeSymlink:
		err = decodeSymlink(ctx, ino, c)
	default:
		err = decodeSpecial(ctx, ino, c)
	}
	if err != nil {
		return err
	}
	if t := ino.Type(); t != ModeDir && t != ModeRegular { // which have it before their lists
		ino.xattr, err = c.uint32(ctx)
	}
	return err
}

func (m *Image) decodeDir(ctx context.Context, ino *Inode, c *cursor) error {
	b, err := c.take(ctx, 16)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	ino.Nlink = le.Uint32(b[4:])
	ino.Size = int64(le.Uint16(b[8:]))
	ino.Parent = le.Uint32(b[12:])
	ino.dir.listing = place{m.dirBlock(le.Uint32(b)), int(le.Uint16(b[10:]))}
	ino.dir.size = max(ino.Size-emptyDir, 0)
	return nil
}

func (m *Image) decodeExtendedDir(ctx context.Context, ino *Inode, c *cursor) error {
	b, err := c.take(ctx, 24)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	ino.Nlink = le.Uint32(b)
	ino.Size = int64(le.Uint32(b[4:]))
	ino.Parent = le.Uint32(b[12:])
	ino.dir.listing = place{m.dirBlock(le.Uint32(b[8:])), int(le.Uint16(b[18:]))}
	ino.dir.size = max(ino.Size-emptyDir, 0)
	ino.dir.indexes = int(le.Uint16(b[16:]))
	ino.xattr = le.Uint32(b[20:])
	return nil
}

// dirBlock returns where in the image the metadata block at start, relative to the directory table,
// begins.
func (m *Image) dirBlock(start uint32) int64 { return int64(m.sb.dirTable) + int64(start) }

func decodeSymlink(ctx context.Context, ino *Inode, c *cursor) error {
	b, err := c.take(ctx, 8)
	if err != nil {
		return err
	}
	ino.Nlink = binary.LittleEndian.Uint32(b)
	ino.Size = int64(binary.LittleEndian.Uint32(b[4:]))
	ino.link = c.place()
	if ino.Size > maxSymlink {
		return c.malformed("symbolic link of %d bytes", ino.Size)
	}
	return c.skip(ctx, ino.Size)
}

// decodeSpecial reads devices, fifos and sockets.
func decodeSpecial(ctx context.Context, ino *Inode, c *cursor) (err error) {
	if ino.Nlink, err = c.uint32(ctx); err != nil {
		return err
	}
	if t := ino.Type(); t == ModeBlock || t == ModeChar {
		ino.Rdev, err = c.uint32(ctx)
	}
	return err
}

func (m *Image) decodeFile(ctx context.Context, ino *Inode, c *cursor) error {
	b, err := c.take(ctx, 16)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	ino.Size = int64(le.Uint32(b[12:]))
	ino.Blocks = sectors(ino.Size)
	ino.file = file{start: int64(le.Uint32(b)), fragment: le.Uint32(b[4:]), fragOffset: le.Uint32(b[8:])}
	return m.finishFile(ino, c)
}

func (m *Image) decodeExtendedFile(ctx context.Context, ino *Inode, c *cursor) error {
	b, err := c.take(ctx, 40)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	start, size, sparse := le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[16:])
	if size>>63 != 0 { // where it begins matters only if there are any blocks
		return c.malformed("file of %d bytes", size)
	}
	ino.Size = int64(size)
	ino.Blocks = sectors(int64(size - min(sparse, size)))
	ino.Nlink = le.Uint32(b[24:])
	ino.xattr = le.Uint32(b[36:])
	ino.file = file{start: int64(start), fragment: le.Uint32(b[28:]), fragOffset: le.Uint32(b[32:])}
	return m.finishFile(ino, c)
}

// sectors returns how many units of 512 bytes n bytes take.
func sectors(n int64) int64 { return (n + 511) / 512 }

// finishFile works out the block list, which begins where c stands, and bounds it by what the
// metadata of the image can hold, so that nobody walks or allocates more than that.
func (m *Image) finishFile(ino *Inode, c *cursor) error {
	f := &ino.file
	bs := int64(m.sb.BlockSize)
	if f.fragment != noFragment && f.fragment >= m.sb.Fragments {
		return c.malformed("its tail is in fragment %d of %d", f.fragment, m.sb.Fragments)
	}
	f.blocks = ino.Size / bs
	if f.fragment == noFragment && ino.Size%bs != 0 {
		f.blocks++
	}
	if room := (m.sb.BytesUsed - c.block) / (metaHeaderSize + 1) * metaSize; f.blocks > room/listEntrySize {
		return c.malformed("a file of %d bytes needs a longer block list than the image can hold", ino.Size)
	}
	return nil
}
