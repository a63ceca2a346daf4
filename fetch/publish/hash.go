package publish

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// sums is all that one pass over the file finds out.
type sums struct {
	tree        *manifest.Built
	sha256, md5 string
	mediaType   string
}

// hash reads the file once and refuses one that changes meanwhile.
func (p *publication) hash(ctx context.Context, f *image) (*sums, error) {
	s, err := p.sum(ctx, f, f.size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := f.unchanged(); err != nil {
		return nil, err
	}
	if s.tree.Size() != f.size {
		return nil, fmt.Errorf("%w: %s has %d bytes, but %d could be read", fetch.ErrConflict, f.Name(), f.size, s.tree.Size())
	}
	return s, nil
}

// sum reads r to its end; size is what is to be expected.
func (p *publication) sum(ctx context.Context, r io.Reader, size int64) (*sums, error) {
	d := &digests{sha256: sha256.New(), md5: md5.New()}
	tree, err := manifest.Build(ctx, io.TeeReader(&counted{r, func(n int64) { p.Progress(Hashing, n, size) }}, d), manifest.BuildConfig{})
	if err != nil {
		return nil, err
	}
	return &sums{tree, hex.EncodeToString(d.sha256.Sum(nil)), hex.EncodeToString(d.md5.Sum(nil)), mediaType(d.head)}, nil
}

// digests takes the whole-file digests side by side; MD5 alone is slower than the tree's hashes.
type digests struct {
	sha256, md5 hash.Hash
	head        []byte // the first few bytes
}

func (d *digests) Write(p []byte) (int, error) {
	if d.head == nil {
		d.head = bytes.Clone(p[:min(len(p), 4)])
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.sha256.Write(p)
	}()
	d.md5.Write(p)
	<-done
	return len(p), nil
}

// Types that are found out: of a squashfs, and of plain bytes.
const (
	SquashfsMedia = "application/vnd.squashfs"
	unknownMedia  = "application/octet-stream"
)

// mediaType names what begins with head.
func mediaType(head []byte) string {
	switch {
	case bytes.Equal(head, []byte("hsqs")):
		return SquashfsMedia
	case bytes.Equal(head, []byte("QFI\xfb")):
		return "application/x-qemu-disk"
	}
	return unknownMedia
}

// counted reports how far a reader has come.
type counted struct {
	io.Reader
	step func(n int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.step(int64(n))
	return n, err
}
