package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// part is a range of a body and its hash. The server refuses other bytes, should the body change.
type part struct {
	body   io.ReaderAt
	off, n int64
	sha256 string // hex
}

// hashSize is how much is read between two looks at the context.
const hashSize = 1 << 20

// newPart reads and hashes the range. It fails when body has less than that.
func newPart(ctx context.Context, body io.ReaderAt, off, n int64) (*part, error) {
	p := &part{body: body, off: off, n: n}
	r, sum := p.reader(), sha256.New()
	for buf := make([]byte, min(n, hashSize)); r.pos < n; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		got, err := r.Read(buf)
		if err != nil {
			return nil, err
		}
		sum.Write(buf[:got])
	}
	p.sha256 = hex.EncodeToString(sum.Sum(nil))
	return p, ctx.Err()
}

// reader returns a reader of the whole range for one request.
func (p *part) reader() *partReader { return &partReader{part: p} }

// partReader reads a part once. The HTTP transport may go on reading for a moment after it has
// given up a request; after done it gets nothing more.
type partReader struct {
	part *part

	mu     sync.Mutex // guards what follows
	pos    int64      // bytes read
	closed bool
	err    error // the first one of the body
}

// Read reads the next bytes of the range.
func (r *partReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, os.ErrClosed
	}
	if r.pos == r.part.n {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), r.part.n-r.pos)]
	n, err := r.part.body.ReadAt(b, r.part.off+r.pos)
	r.pos += int64(n)
	if n == len(b) {
		return n, nil
	}
	r.err = &bodyError{off: r.part.off + r.pos, err: cmp.Or(err, io.ErrNoProgress)}
	return n, r.err
}

// done ends the reading and returns why the request failed: because of the body, if it did, or err.
func (r *partReader) done(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if err != nil && r.err != nil && !errors.Is(err, context.Canceled) {
		return r.err
	}
	return err
}

// bodyError is the fault of what is to be stored, not of the store.
type bodyError struct {
	off int64
	err error
}

func (e *bodyError) Error() string {
	return fmt.Sprintf("read the bytes to store at offset %d: %v", e.off, e.err)
}

func (e *bodyError) Unwrap() error { return e.err }
