package scrub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// result is what reading a unit gave.
type result struct {
	err     error // nil: every byte is there and right
	leaves  int64
	corrupt int64
	first   []int64 // of the corrupt leaves
	earlier bool
}

func (r *result) ok() bool { return r.err == nil }

// check reads a unit, unless that was done. The error is what keeps from looking on.
func (r *run) check(ctx context.Context, u *unit) error {
	if r.state.has(u) {
		u.earlier = true
		r.Earlier++
		r.Progress(u.image.Size, r.total)
		return nil
	}
	err := r.read(ctx, u)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	u.err = r.gone(ctx, err)
	switch fetch.VerdictOf(u.err) {
	case "":
		if u.err != nil {
			return u.err
		}
		r.Bytes += u.image.Size
		return r.state.add(u)
	case fetch.ErrDenied:
		return u.err
	case fetch.ErrUnavailable:
		return r.answers(ctx, u.err)
	}
	return nil
}

// read reads manifest and image. Where the manifest is of no use the image is hashed, to know what is left.
func (r *run) read(ctx context.Context, u *unit) error {
	h, err := verify.ReadHead(ctx, r.paced, u.pin, u.manifest)
	if err == nil {
		var image *verify.Remote
		if image, err = verify.OpenRemote(h.Manifest, r.paced, u.image, h.At); err != nil {
			return err
		}
		o := h.Object(u.image, image, verify.Config{})
		defer o.Close()
		u.leaves = o.Leaves()
		if err = o.ScanTree(ctx); err == nil {
			return r.inspect(ctx, u, o)
		}
	}
	if !damage(err) {
		return err
	}
	return r.withoutManifest(ctx, u, err)
}

// damage reports an error that is about bytes rather than about the way to them.
func damage(err error) bool {
	v := fetch.VerdictOf(err)
	return slices.Contains([]fetch.Verdict{fetch.ErrCorrupt, fetch.ErrOverwritten, fetch.ErrMalformed, fetch.ErrNotFound}, v)
}

// inspect reads the image and counts its corrupt leaves.
func (r *run) inspect(ctx context.Context, u *unit, o *verify.Object) error {
	var mu sync.Mutex
	err := o.Inspect(ctx, verify.Inspection{
		Step: func(n int64) { r.Progress(n, r.total) },
		Bad: func(err *manifest.CorruptError) {
			mu.Lock()
			defer mu.Unlock()
			u.corrupt++
			u.first = append(u.first, err.Index)
			if slices.Sort(u.first); len(u.first) > maxFirst {
				u.first = u.first[:maxFirst]
			}
		},
	})
	if err != nil || u.corrupt == 0 {
		return err
	}
	return &verify.CorruptError{Location: u.image, Err: fmt.Errorf("corrupt: %d of %d leaves, the first is leaf %d", u.corrupt, u.leaves, u.first[0])}
}

// withoutManifest says, beside what is wrong with the manifest, whether the image is right.
func (r *run) withoutManifest(ctx context.Context, u *unit, wrong error) error {
	wrong, err := r.gone(ctx, wrong), r.gone(ctx, r.hash(ctx, u))
	switch {
	case err == nil:
		return fmt.Errorf("manifest: %w; the image is right", wrong)
	case !damage(err):
		return err
	case errors.Is(wrong, fetch.ErrNotFound) && errors.Is(err, fetch.ErrNotFound):
		return fmt.Errorf("neither image nor manifest: %w", err)
	}
	return fmt.Errorf("manifest: %w; image: %w", wrong, err)
}

// hash fails with fetch.ErrCorrupt unless the image has its pin.
func (r *run) hash(ctx context.Context, u *unit) error {
	at := u.image
	if at.ETag == "" {
		key, err := at.KeyIn(r.store.URL())
		if err == nil {
			at, err = r.store.Stat(ctx, key)
		}
		if err != nil {
			return err
		}
	}
	src, err := r.paced.Open(at)
	if err != nil {
		return err
	}
	built, err := manifest.Build(ctx, &reader{ctx: ctx, src: src, step: func(n int64) { r.Progress(n, r.total) }}, manifest.BuildConfig{})
	if err == nil && built.Pin() != u.pin {
		err = &verify.CorruptError{Location: at, Err: fmt.Errorf("corrupt: it is %s", built.Pin())}
	}
	return err
}

// reader reads a source in order.
type reader struct {
	ctx  context.Context // of the one pass that it is made for
	src  fetch.Source
	off  int64
	step func(n int64)
}

func (r *reader) Read(p []byte) (int, error) {
	n := min(int64(len(p)), r.src.Size()-r.off)
	if n == 0 {
		return 0, io.EOF
	}
	if err := r.src.ReadAt(r.ctx, p[:n], r.off); err != nil {
		return 0, err
	}
	r.off += n
	r.step(n)
	return int(n), nil
}

// gone makes of a pinned object of which nothing is left one that is not found: somebody has deleted it, or the
// disk has lost it.
func (r *run) gone(ctx context.Context, err error) error {
	var overwritten *fetch.OverwrittenError
	if !errors.As(err, &overwritten) || !overwritten.Gone {
		return err
	}
	key, keyErr := overwritten.Want.KeyIn(r.store.URL())
	if keyErr != nil {
		return err
	}
	if _, now := r.store.Stat(ctx, key); errors.Is(now, fetch.ErrNotFound) {
		return &goneError{overwritten.Want}
	}
	return err
}

// goneError reports a pinned object that is not there any more.
type goneError struct{ at fetch.Location }

func (e *goneError) Error() string        { return fmt.Sprintf("not found: %s is gone", e.at) }
func (e *goneError) Is(target error) bool { return target == fetch.ErrNotFound }
func (e *goneError) Object() string       { return e.at.URL }

// answers tells an object that can not be read, which is a finding, from a store that can not be asked.
func (r *run) answers(ctx context.Context, why error) error {
	_, err := retry.Do(ctx, r.Retry, func() (struct{}, error) {
		for _, err := range r.store.List(ctx, record.NamesPrefix) {
			return struct{}{}, err
		}
		return struct{}{}, nil
	})
	if err != nil {
		return why
	}
	return nil
}
