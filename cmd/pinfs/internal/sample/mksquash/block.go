package mksquash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/ulikunitz/xz"
	"golang.org/x/sync/errgroup"
)

// Sizes of the format.
const (
	blockLog  = 17
	blockSize = 1 << blockLog // of data: 128 KiB, mksquashfs's default
	metaSize  = 8 << 10       // of metadata, before compression
)

// storedData marks a data block that is not compressed, in the word that holds its size.
const storedData = 1 << 24

// block is one data or fragment block on its way into the image.
type block struct {
	raw  []byte // nil for a hole
	out  []byte // compressed, or raw if that is not smaller
	off  int64  // in the image
	word uint32 // size and storedData
}

// compress returns b as xz, or b itself and false if that saves nothing. The kernel knows only
// CRC32, and no dictionary larger than a data block.
func compress(b []byte) ([]byte, bool, error) {
	var out bytes.Buffer
	w, err := xz.WriterConfig{DictCap: blockSize, CheckSum: xz.CRC32}.NewWriter(&out)
	if err != nil {
		return nil, false, fmt.Errorf("xz: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return nil, false, fmt.Errorf("xz: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, false, fmt.Errorf("xz: %w", err)
	}
	if out.Len() >= len(b) {
		return b, false, nil
	}
	return out.Bytes(), true, nil
}

// compressAll fills in out and word of all blocks, on all cores.
func compressAll(ctx context.Context, blocks []*block) error {
	g, failed := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, b := range blocks {
		if failed.Err() != nil {
			break
		}
		g.Go(func() error {
			out, smaller, err := compress(b.raw)
			b.out, b.word = out, uint32(len(out))
			if !smaller {
				b.word |= storedData
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// writeAll writes the blocks one after the other from off and returns where they end.
func writeAll(w io.Writer, blocks []*block, off int64) (int64, error) {
	for _, b := range blocks {
		if _, err := w.Write(b.out); err != nil {
			return off, fmt.Errorf("image byte %d: %w", off, err)
		}
		b.off = off
		off += int64(len(b.out))
	}
	return off, nil
}
