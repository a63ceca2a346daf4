package main

import (
	"runtime/debug"
	"strconv"

	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/squash"
)

const (
	defaultMemory = 128 << 20
	minMemory     = 32 << 20
	maxWorkers    = 1024
)

// budget is how the memory of a worker is divided, and how many blocks it decodes at a time.
type budget struct {
	total   int64 // bytes
	workers int   // 0 for the default
}

func (c *config) budget() (b budget, err error) {
	b.total = defaultMemory
	if c.Memory != "" {
		if b.total, err = parseSize(c.Memory); err != nil {
			return b, usage("memory %q: %v", c.Memory, err)
		}
	}
	if b.total < minMemory {
		return b, usage("memory %q: want at least %s", c.Memory, iec(minMemory))
	}
	if c.Workers != "" {
		if b.workers, err = strconv.Atoi(c.Workers); err != nil || b.workers < 1 || b.workers > maxWorkers {
			return b, usage("workers %q: want a number from 1 to %d", c.Workers, maxWorkers)
		}
	}
	return b, nil
}

// leaves bounds the verified leaves: what was decoded of them is kept as well, so that little is enough
// of those that were used, and as much again on the way.
func (b budget) leaves() verify.Config {
	return verify.Config{CacheBytes: b.total / 8, InFlightBytes: b.total / 8}
}

// blocks bounds what is decoded.
func (b budget) blocks() squash.Config {
	return squash.Config{CacheBytes: b.total * 5 / 16, Workers: b.workers}
}

// limit has the garbage collector work harder before the process takes more than its memory. What is
// no heap, such as the program itself, comes on top.
func (b budget) limit() { debug.SetMemoryLimit(b.total) }
