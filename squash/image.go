package squash

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/pinfs/pinfs/squash/internal/blockcache"
	"github.com/pinfs/pinfs/squash/internal/codec"
)

// Config bounds what an Image uses. The zero value works.
type Config struct {
	// CacheBytes is what is kept of the image in memory, in bytes: decoded metadata, data and
	// fragment blocks and the tables read ahead, together. With less than some 4 MiB, or twice the
	// image's block size, most blocks are decoded again for each read. Default 64 MiB.
	CacheBytes int64
	// Workers is how many blocks are decoded at the same time. Default: the number of processors,
	// at most 4.
	Workers int
}

const (
	defaultCacheBytes = 64 << 20
	defaultWorkers    = 4
	maxTail           = 1 << 20 // bytes read ahead at the end of the image
)

func (c Config) withDefaults() (Config, error) {
	if c.CacheBytes < 0 || c.Workers < 0 {
		return c, fmt.Errorf("squash config: cache of %d bytes, %d workers: want none below zero", c.CacheBytes, c.Workers)
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.Workers == 0 {
		c.Workers = min(defaultWorkers, runtime.NumCPU())
	}
	return c, nil
}

// Image is an open squashfs. All methods may be called concurrently. It needs no closing.
//
// Errors match ErrFormat when the image is at fault; otherwise they are those of the Source or of
// ctx. Nothing that failed is kept: the next call tries again.
type Image struct {
	src     Source // ends where the file system does
	sb      Superblock
	ids     []uint32
	xattrs  xattrTable
	codec   codec.Decoder
	workers chan struct{} // one token for each decode that runs
	buffers sync.Pool     // of *[]byte: compressed blocks while they are decoded

	meta  *blockcache.Cache[int64, metaBlock] // by position in the image
	data  *blockcache.Cache[block, []byte]    // data and fragment blocks
	lists *blockcache.Cache[listKey, *blockList]
}

// Open reads the superblock and the tables that every access needs, usually in two reads of src.
// The Image keeps src and uses it concurrently. The error matches ErrFormat if src is no squashfs
// 4.0, and errors.ErrUnsupported as well if it is one that nothing here can read.
func Open(ctx context.Context, src Source, cfg Config) (*Image, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	sb, err := readSuperblock(ctx, src)
	if err != nil {
		return nil, err
	}
	m := &Image{sb: sb, workers: make(chan struct{}, cfg.Workers)}
	if m.codec, err = sb.Compressor.decoder(); err != nil {
		return nil, err
	}
	limit := min(maxTail, cfg.CacheBytes/4)
	if m.src, err = readTail(ctx, src, int64(sb.inodeTable), sb.BytesUsed, limit); err != nil {
		return nil, err
	}
	m.makeCaches(cfg.CacheBytes - limit)
	if err := m.readTables(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// makeCaches divides n bytes so that streaming through data can not push out metadata.
func (m *Image) makeCaches(n int64) {
	m.meta = blockcache.New(blockcache.Config[int64, metaBlock]{
		Capacity: n / 4, Largest: metaSize, Load: m.loadMeta,
		Size: func(b metaBlock) int64 { return int64(cap(b.data)) },
	})
	m.lists = blockcache.New(blockcache.Config[listKey, *blockList]{
		Capacity: n / 16, Largest: maxListSize, Load: m.newBlockList, Size: (*blockList).size,
	})
	m.data = blockcache.New(blockcache.Config[block, []byte]{
		Capacity: n - n/4 - n/16, Largest: int64(m.sb.BlockSize), Load: m.loadBlock,
		Size: func(b []byte) int64 { return int64(cap(b)) },
	})
	m.buffers.New = func() any {
		b := make([]byte, max(int(m.sb.BlockSize), metaHeaderSize+metaSize))
		return &b
	}
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
