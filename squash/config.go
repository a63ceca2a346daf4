package squash

import (
	"fmt"
	"runtime"
)

// Config says where the file system is and bounds what an Image uses. The zero value works.
type Config struct {
	// Offset is where the file system begins in the Source, in bytes. Default 0.
	Offset int64
	// CacheBytes is the memory that an Image takes, in bytes: decoded metadata, data and fragment
	// blocks, the tables read ahead and what is being read and decoded, together. A ReadAt that runs
	// may hold up to 16 blocks beside it. Not less than 12 times the image's block size and 64 KiB is
	// taken; with less than some 6 MiB most blocks are decoded again for each read. Default 40 MiB.
	CacheBytes int64
	// Workers is how many blocks are decoded at the same time, at most 1024. Default: the number of
	// processors, at most 4.
	Workers int
	// ReadAhead is how much is decoded ahead of each reader that goes through files in order, in bytes;
	// -1 for nothing. Workers do it that nobody waits for, and many readers share what memory there is.
	// Default: 1 MiB, or two blocks a worker.
	ReadAhead int64
}

const (
	defaultCacheBytes = 40 << 20
	defaultWorkers    = 4
	defaultReadAhead  = 1 << 20
	maxTail           = 1 << 20  // bytes read ahead at the end of the image
	minFlight         = 4        // blocks that can at least be loaded at the same time
	minMetaFlight     = 64 << 10 // bytes: four metadata blocks at a time
	maxMetaFlight     = 1 << 20
	maxSlots          = 4 << 20 // bytes that read-ahead has on its way, or two blocks
	maxWorkers        = 1024
)

func (c Config) withDefaults() (Config, error) {
	if c.Offset < 0 || c.CacheBytes < 0 || c.Workers < 0 || c.ReadAhead < -1 {
		return c, fmt.Errorf("squash config: offset %d, cache of %d bytes, %d workers, %d bytes of read-ahead: want none below zero, or -1 for no read-ahead",
			c.Offset, c.CacheBytes, c.Workers, c.ReadAhead)
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.Workers == 0 {
		c.Workers = min(defaultWorkers, runtime.NumCPU())
	}
	c.Workers = min(c.Workers, maxWorkers)
	return c, nil
}

// budget is how the memory of an Image is divided, in bytes. Metadata has a part of its own, so that
// streaming through data can not push it out.
type budget struct {
	tail, meta, lists, data int64
	flight                  int64 // data that somebody waits for, while they are loaded
	metaFlight              int64 // metadata while they are loaded
	slots                   int   // blocks that are being read ahead at the same time
	ahead                   int64 // what of data one reader is kept ahead
}

func (c Config) budget(sb *Superblock) budget {
	n, block := c.CacheBytes, int64(sb.BlockSize)
	b := budget{tail: min(maxTail, n/4), lists: n / 16, flight: max(n/8, 2*minFlight*block)}
	b.meta = (n - b.tail) / 4
	b.metaFlight = min(max(n/32, minMetaFlight), maxMetaFlight)
	b.slots = max(2, min(2*c.Workers, int(maxSlots/(2*block))))
	b.data = max(n-b.tail-b.meta-b.lists-b.flight-b.metaFlight-int64(b.slots)*2*block, 0)
	b.ahead = max(defaultReadAhead, 2*int64(c.Workers)*block)
	if c.ReadAhead != 0 {
		b.ahead = c.ReadAhead
	}
	b.ahead = min(b.ahead, b.data/4)
	return b
}
