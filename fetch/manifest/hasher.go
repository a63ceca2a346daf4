package manifest

import (
	"context"
	"io"
	"math/bits"
	"sync"
)

// hasher spreads an image's leaves over workers.
type hasher struct {
	logLeaf uint8
	free    chan []byte // chunk buffers that nobody uses
	work    chan chunk
	workers sync.WaitGroup
	hashes  [][]byte // of each chunk's leaves, in order; appended by the reader, filled by workers
}

// chunk is some consecutive leaves and the place of their hashes.
type chunk struct{ buf, data, hashes []byte }

func newHasher(cfg BuildConfig) *hasher {
	buffers := cfg.Workers + 2
	h := &hasher{
		logLeaf: uint8(bits.TrailingZeros(uint(cfg.LeafSize))),
		free:    make(chan []byte, buffers),
		work:    make(chan chunk, buffers),
	}
	for range buffers {
		h.free <- nil // made when first needed: a small image needs one
	}
	for range cfg.Workers {
		h.workers.Go(h.run)
	}
	return h
}

// readAll hands all of r to the workers and returns how many bytes that was.
func (h *hasher) readAll(ctx context.Context, r io.Reader) (size int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		buf := <-h.free
		if buf == nil {
			buf = make([]byte, chunkSize)
		}
		n, err := fill(r, buf)
		size += int64(n)
		if n > 0 {
			hashes := make([]byte, leavesOf(int64(n), h.logLeaf)<<logHash)
			h.hashes = append(h.hashes, hashes)
			h.work <- chunk{buf, buf[:n], hashes}
		}
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// fill reads until buf is full or r gives an error, which it returns as it is: io.ReadFull would
// make a body that broke off (io.ErrUnexpectedEOF) look like one that ended.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// run hashes chunks until there are no more.
func (h *hasher) run() {
	for c := range h.work {
		hashLeaves(c.hashes, c.data, h.logLeaf)
		h.free <- c.buf
	}
}

// wait ends the workers and returns the hashes of all leaves.
func (h *hasher) wait() [][]byte {
	close(h.work)
	h.workers.Wait()
	return h.hashes
}

// hashLeaves puts the hash of each block of data into dst.
func hashLeaves(dst, data []byte, logLeaf uint8) {
	for len(data) > 0 {
		n := min(len(data), 1<<logLeaf)
		sum := hashOf(data[:n], logLeaf)
		dst = dst[copy(dst, sum[:]):]
		data = data[n:]
	}
}
