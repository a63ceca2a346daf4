package manifest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"

	"github.com/pinfs/pinfs/fetch"
)

// chunkSize is how much Build asks of its reader at once: large enough that a system call or a
// hash behind an io.TeeReader does not notice the seams, small enough for the processor's cache.
const chunkSize = 1 << 20

// maxWorkers bounds the default: more cores than this outrun any reader.
const maxWorkers = 16

// BuildConfig says how to build; the zero value makes what a pin is made of.
type BuildConfig struct {
	LeafSize int // bytes, a power of two from 4 KiB to 1 MiB; 0 = LeafSize, the only one for pins
	Workers  int // goroutines that hash; 0 = GOMAXPROCS, at most 16
}

// Built is a complete manifest: what Parse knows, and the file itself.
type Built struct {
	*Manifest
	file []byte
}

// Bytes returns the manifest file. The caller must not change it.
func (b *Built) Bytes() []byte { return b.file }

// Build reads an image to its end and returns its manifest.
//
// It reads in order from the calling goroutine, up to 1 MiB a call, so that r may be an io.TeeReader
// that feeds other digests of the same bytes. Memory is 64 bytes a leaf and Workers + 2 chunks of
// 1 MiB. An error of r, or the end of ctx between two reads, ends the build; no goroutine is left.
func Build(ctx context.Context, r io.Reader, cfg BuildConfig) (*Built, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	h := newHasher(cfg)
	size, err := h.readAll(ctx, r)
	leaves := h.wait()
	if err != nil {
		return nil, fmt.Errorf("image byte %d: %w", size, err)
	}
	return assemble(size, h.logLeaf, leaves), nil
}

// complete fills in the defaults and refuses what Parse would refuse.
func (c BuildConfig) complete() (BuildConfig, error) {
	if c.LeafSize == 0 {
		c.LeafSize = LeafSize
	}
	if n := c.LeafSize; n < 1<<minLogLeaf || n > 1<<maxLogLeaf || n&(n-1) != 0 {
		return c, fmt.Errorf("leaf size %d: want a power of two from %d to %d", n, 1<<minLogLeaf, 1<<maxLogLeaf)
	}
	if c.Workers <= 0 {
		c.Workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	return c, nil
}

// assemble lays out the manifest file from the leaves' hashes.
func assemble(size int64, logLeaf uint8, leaves [][]byte) *Built {
	m := &Manifest{size: size, logLeaf: logLeaf}
	m.levels = levelsOf(m.Leaves(), logLeaf)
	file := make([]byte, m.FileSize())
	m.root = fillTree(file, m, leaves)
	appendDescriptor(file[:0], size, logLeaf, m.root)
	m.pin = fetch.Pin(sha256.Sum256(file[:DescriptorSize]))
	return &Built{m, file}
}

// fillTree writes the hash blocks into file, lowest level first, and returns the root hash.
func fillTree(file []byte, m *Manifest, leaves [][]byte) (root Hash) {
	if len(m.levels) == 0 {
		for _, h := range leaves {
			copy(root[:], h)
		}
		return root
	}
	last := len(m.levels) - 1
	dst := file[m.levels[last].off:]
	for _, h := range leaves {
		dst = dst[copy(dst, h):]
	}
	for i := last; i > 0; i-- {
		hashLeaves(file[m.levels[i-1].off:], m.blocks(file, i), m.logLeaf)
	}
	return sha256.Sum256(m.blocks(file, 0))
}

// blocks returns level i of the tree in file.
func (m *Manifest) blocks(file []byte, i int) []byte {
	l := m.levels[i]
	return file[l.off:][:l.blocks<<m.logLeaf]
}
