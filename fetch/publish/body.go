package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// body is the file as it is uploaded: verified against what was hashed, so that a file that changes
// between the two passes ends the upload instead of lying in the store under a pin that is not its own.
type body struct {
	ctx     context.Context // of one upload, which io.ReaderAt has no place for
	object  *verify.Object
	step    func(n int64)
	changed atomic.Pointer[error] // why the file is not what was hashed
}

// newBody reads what src, called name, has through the verifier. Close its object after use.
func (p *publication) newBody(ctx context.Context, name string, src fetch.Source, tree *manifest.Built) *body {
	at := fetch.Location{URL: name}
	origin := verify.NewRemote(tree.Manifest, src, fileOf(tree), at, at)
	object := verify.New(tree.Manifest, at, origin, verify.Config{RunBytes: 1 << 20})
	return &body{ctx: ctx, object: object, step: func(n int64) { p.Progress(Uploading, n, src.Size()) }}
}

// fileOf is a manifest's file as a source.
func fileOf(tree *manifest.Built) fetch.Source {
	return local{bytes.NewReader(tree.Bytes()), int64(len(tree.Bytes()))}
}

// ReadAt implements io.ReaderAt.
func (b *body) ReadAt(p []byte, off int64) (int, error) {
	n := max(min(int64(len(p)), b.object.Size()-off), 0)
	err := b.object.ReadAt(b.ctx, p[:n], off)
	if errors.Is(err, fetch.ErrCorrupt) {
		changed := fmt.Errorf("%w: %s changed while it was published: publish again when nobody writes to it", fetch.ErrConflict, b.object.Location().URL)
		b.changed.CompareAndSwap(nil, &changed)
		return 0, errors.New("the file changed") // without a verdict: those of a store mean the store
	}
	if err != nil {
		return 0, err
	}
	b.step(n)
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// local is bytes of this machine as a source.
type local struct {
	io.ReaderAt
	size int64
}

func (l local) Size() int64 { return l.size }

func (l local) ReadAt(_ context.Context, p []byte, off int64) error {
	_, err := l.ReaderAt.ReadAt(p, off)
	if err == io.EOF { // it is shorter now: the hash of what was read tells
		err = nil
	}
	return err
}
