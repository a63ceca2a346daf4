package squash

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/squash/internal/blockcache"
	"github.com/pinfs/pinfs/squash/internal/codec"
	"github.com/pinfs/pinfs/squash/internal/workers"
)

// Image is an open squashfs. All methods may be called concurrently. It needs no closing.
//
// Errors match ErrFormat when the image is at fault; otherwise they are those of the Source or of
// ctx. Nothing that failed is kept: the next call tries again.
type Image struct {
	src     *window
	sb      Superblock
	ids     []uint32
	xattrs  xattrTable
	codec   codec.Decoder
	workers *workers.Pool // who may decode
	flight  flight
	ahead   *readAhead

	dataBytes int64 // that data may hold

	packed, packedMeta buffers // blocks while they are decoded

	meta  *blockcache.Cache[metaKey, metaBlock]
	data  *blockcache.Cache[block, []byte] // data and fragment blocks
	lists *blockcache.Cache[listKey, *blockList]
}

// Open reads the superblock, the tables that every access needs and the root, usually in two reads of
// src and at most in four, unless Config leaves very little memory. The Image keeps src and uses it
// concurrently; it needs no Close, but what is read ahead may be under way for half a minute after the
// last call. The error matches ErrFormat if src is no squashfs 4.0, and errors.ErrUnsupported as well if
// it is one that nothing here can read.
func Open(ctx context.Context, src Source, cfg Config) (*Image, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if src, err = sectionFrom(src, cfg.Offset); err != nil {
		return nil, err
	}
	sb, err := readSuperblock(ctx, src)
	if err != nil {
		return nil, err
	}
	m := &Image{sb: sb, workers: workers.New(cfg.Workers)}
	if m.codec, err = sb.Compressor.decoder(); err != nil {
		return nil, err
	}
	b := cfg.budget(&sb)
	if m.src, err = readWindow(ctx, src, max(int64(sb.inodeTable), sb.BytesUsed-b.tail), sb.BytesUsed); err != nil {
		return nil, fmt.Errorf("tables at the end of the image: %w", err)
	}
	m.divide(b)
	m.ahead = newReadAhead(m, b.ahead)
	if err := m.readTables(ctx); err != nil {
		return nil, err
	}
	if err := m.checkRoot(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// checkRoot makes sure that there is a root directory, without which nothing can be found.
func (m *Image) checkRoot(ctx context.Context) error {
	at := m.inodes("inode").at(uint64(m.sb.Root)).block
	forget, err := m.hold(ctx, at, at+2*(metaHeaderSize+metaSize)) // it may run on into a second block
	if err != nil {
		return fmt.Errorf("root directory: %w", err)
	}
	defer forget()
	root, err := m.decodeInode(ctx, m.sb.Root)
	if err != nil {
		return fmt.Errorf("root directory: %w", err)
	}
	if !root.IsDir() {
		return malformed(int64(m.sb.inodeTable), "inode", "the root has mode %o, it is no directory", root.Mode)
	}
	return nil
}

// divide makes the caches and what else shares the memory.
func (m *Image) divide(b budget) {
	m.flight, m.dataBytes = newFlight(b), b.data
	m.packed.size, m.packedMeta.size = int(m.sb.BlockSize), metaHeaderSize+metaSize
	m.meta = blockcache.New(blockcache.Config[metaKey, metaBlock]{
		Capacity: b.meta, Largest: metaSize, Load: m.loadMeta,
		Size: func(b metaBlock) int64 { return int64(cap(b.data)) },
	})
	m.lists = blockcache.New(blockcache.Config[listKey, *blockList]{
		Capacity: b.lists, Largest: maxListSize, Load: m.newBlockList, Size: (*blockList).size,
	})
	m.data = blockcache.New(blockcache.Config[block, []byte]{
		Capacity: b.data, Largest: int64(m.sb.BlockSize), Load: m.loadBlock,
		Size: func(b []byte) int64 { return int64(cap(b)) },
	})
}

func (m *Image) readTables(ctx context.Context) (err error) {
	if m.ids, err = m.readIDs(ctx); err != nil {
		return err
	}
	m.xattrs, err = m.readXattrTable(ctx)
	return err
}

// Superblock returns the decoded superblock.
func (m *Image) Superblock() Superblock { return m.sb }

// RootRef returns the reference of the root directory.
func (m *Image) RootRef() Ref { return m.sb.Root }
