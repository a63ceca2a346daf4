package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/pinfs/pinfs/squash/internal/codec/xz"
)

const blockSize = 128 << 10

// maxBlocks of a class are decoded in a round.
var maxBlocks int

// block is one block of an image.
type block struct {
	packed []byte
	sum    uint32 // CRC32 of what it holds
}

// load finds the blocks of full size in an image, spread evenly over all there are.
func load(image string) ([]block, error) {
	p, err := os.ReadFile(image)
	if err != nil {
		return nil, err
	}
	var all []block
	dst := make([]byte, blockSize)
	for _, s := range streams(p) {
		n, err := (xz.Decoder{}).Decode(dst, s)
		if err != nil && damaged(s) {
			continue // from a file that is there to test decoders, stored as it is
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		if n == blockSize {
			all = append(all, block{s, crc32.ChecksumIEEE(dst)})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no packed block of %d bytes", image, blockSize)
	}
	step := max(1, float64(len(all))/float64(maxBlocks))
	var some []block
	for i := 0.0; int(i) < len(all) && len(some) < maxBlocks; i += step {
		some = append(some, all[int(i)])
	}
	return some, nil
}

// streams finds the .xz streams in p by their magic numbers, CRCs and sizes.
func streams(p []byte) [][]byte {
	var found [][]byte
	header, footer := []byte("\xfd7zXZ\x00"), []byte("YZ")
	for {
		i := bytes.Index(p, header)
		if i < 0 {
			return found
		}
		p = p[i:]
		end := 0
		for end < len(p) {
			i := bytes.Index(p[end:], footer)
			if i < 0 {
				return found
			}
			end += i + len(footer)
			if end >= 32 && isFooter(p[end-12:end], p[6:8]) {
				found = append(found, p[:end:end])
				break
			}
		}
		p = p[min(end, len(p)):]
	}
}

func isFooter(f, flags []byte) bool {
	return crc32.ChecksumIEEE(f[4:10]) == binary.LittleEndian.Uint32(f) && bytes.Equal(f[8:10], flags)
}
