package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// mendable reports whether err is about bytes that another object can take the place of.
func mendable(err error) bool {
	return slices.Contains([]fetch.Verdict{fetch.ErrCorrupt, fetch.ErrOverwritten, fetch.ErrNotFound}, fetch.VerdictOf(err))
}

// look reads what the store has and returns what is wrong with it: all places that the current record
// names here, else the one where readers look.
func (r *repair) look(ctx context.Context, place catalog.Place, current *record.Record) error {
	images := []fetch.Location{place.Image}
	if current != nil {
		images = append(images, slices.DeleteFunc(slices.Clone(place.Others), func(at fetch.Location) bool { return !r.here(at) })...)
	}
	for _, at := range images {
		if err := r.whole(ctx, place, at); err != nil {
			return err
		}
	}
	return nil
}

// whole reads one image of a place.
func (r *repair) whole(ctx context.Context, place catalog.Place, image fetch.Location) error {
	o, err := verify.Open(ctx, r.store, place.Pin, image, place.Manifest, verify.Config{})
	if err != nil {
		return err
	}
	defer o.Close()
	return o.Scan(ctx, func(n int64) { r.Progress(Repairing, n, o.Size()) })
}

// mend finds, or makes, a right image and a right manifest, and reads both back.
func (r *repair) mend(ctx context.Context, place catalog.Place, done *Repair, current *record.Record) error {
	all, err := r.catalog.Copies(ctx, place.Pin)
	if err != nil {
		return err
	}
	b := r.newBody(ctx, r.req.From, r.src, r.sums.tree)
	defer b.object.Close()
	image := part{of: record.ImagePart, now: place.Image, body: b, size: r.src.Size(), right: r.imageRight}
	if done.Image, done.Uploaded, err = r.part(ctx, image, all, done.Damage, current != nil); err != nil {
		if changed := b.changed.Load(); changed != nil {
			return *changed
		}
		return fmt.Errorf("image: %w", err)
	}
	file := r.sums.tree.Bytes()
	tree := part{of: record.ManifestPart, now: place.Manifest, body: bytes.NewReader(file), size: int64(len(file)), right: r.manifestRight}
	if done.Manifest, _, err = r.part(ctx, tree, all, nil, current != nil); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return advise(r.readBack(ctx, place.Pin, places{done.Image, done.Manifest}))
}

// part is one of the two objects of a pin and how to tell a right one.
type part struct {
	of    record.Part
	now   fetch.Location // where readers look
	body  io.ReaderAt
	size  int64
	right func(ctx context.Context, at fetch.Location) error
}

// part returns where the part is right, and whether it was put there now.
func (r *repair) part(ctx context.Context, p part, all []catalog.Copy, damage error, recorded bool) (fetch.Location, bool, error) {
	candidates, err := r.candidates(ctx, p, all, recorded)
	if err != nil {
		return fetch.Location{}, false, err
	}
	for _, at := range candidates {
		if blames(damage, at) {
			continue
		}
		if err = p.right(ctx, at); err == nil || !mendable(err) {
			return at, false, err
		}
	}
	first, last := r.room(p, all, recorded)
	at, err := r.beside(ctx, p, first, last)
	return at, err == nil, err
}

// candidates are the objects that may be right: with a record to tell of it any one will do.
func (r *repair) candidates(ctx context.Context, p part, all []catalog.Copy, recorded bool) ([]fetch.Location, error) {
	list := []fetch.Location{p.now}
	for _, c := range all {
		if c.Part != p.of || !recorded {
			continue
		}
		at, err := r.store.Stat(ctx, c.Key)
		if err != nil && !errors.Is(err, fetch.ErrNotFound) {
			return nil, err
		}
		if err == nil && !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list, nil
}

// room is which copies readers would find. Without a record who asks for the pin alone looks at the
// content-addressed key only, and who names a pin of the past at the newest copy.
func (r *repair) room(p part, all []catalog.Copy, recorded bool) (first, last int) {
	switch {
	case recorded:
		return 0, record.MaxCopy
	case r.req.Name == "":
		return 0, 0
	}
	first = 1
	for _, c := range all {
		if c.Part == p.of {
			first = max(first, c.N+1)
		}
	}
	return first, record.MaxCopy
}

// blames reports whether err says already what is wrong with the object at at.
func blames(err error, at fetch.Location) bool {
	var corrupt *verify.CorruptError
	var overwritten *fetch.OverwrittenError
	return errors.As(err, &corrupt) && corrupt.Location == at || errors.As(err, &overwritten) && overwritten.Want == at
}

// beside puts the part under the first key that is free.
func (r *repair) beside(ctx context.Context, p part, first, last int) (at fetch.Location, err error) {
	for n := first; n <= last; n++ {
		key := record.CopyKey(r.req.Pin, p.of, n)
		if _, err = r.store.Stat(ctx, key); err == nil {
			continue
		}
		if !errors.Is(err, fetch.ErrNotFound) {
			return at, err
		}
		// A conflict is somebody who was faster, or a marker that blocks a deleted key.
		if at, err = r.store.Create(ctx, key, p.body, p.size); !errors.Is(err, fetch.ErrConflict) {
			return at, err
		}
	}
	taken := record.CopyKey(r.req.Pin, p.of, last)
	return at, fmt.Errorf("%w: %s/%s is there and damaged, and who asks for the pin alone looks nowhere else: keep a copy of it, delete it and repair again",
		fetch.ErrConflict, r.store.URL(), taken)
}

// imageRight reads all of an object through the verifier, with the hashes of the source.
func (r *repair) imageRight(ctx context.Context, at fetch.Location) error {
	src, at, err := r.sized(ctx, at, r.sums.tree.Size())
	if err != nil {
		return err
	}
	o := verify.New(r.sums.tree.Manifest, at, verify.NewRemote(r.sums.tree.Manifest, src, fileOf(r.sums.tree), at, at), verify.Config{})
	defer o.Close()
	return o.Scan(ctx, nil)
}

// manifestRight compares an object with the manifest of the source.
func (r *repair) manifestRight(ctx context.Context, at fetch.Location) error {
	want := r.sums.tree.Bytes()
	src, at, err := r.sized(ctx, at, int64(len(want)))
	if err != nil {
		return err
	}
	got := make([]byte, len(want))
	if err := src.ReadAt(ctx, got, 0); err != nil || bytes.Equal(got, want) {
		return err
	}
	return &verify.CorruptError{Location: at, Err: errors.New("corrupt: it is not the manifest of the pin")}
}

// sized opens an object that must have so many bytes.
func (r *repair) sized(ctx context.Context, at fetch.Location, size int64) (fetch.Source, fetch.Location, error) {
	if at.ETag == "" {
		key, err := at.KeyIn(r.store.URL())
		if err == nil {
			at, err = r.store.Stat(ctx, key)
		}
		if err != nil {
			return nil, at, err
		}
	}
	if at.Size != size {
		return nil, at, &verify.CorruptError{Location: at, Err: fmt.Errorf("corrupt: it has %d bytes, want %d", at.Size, size)}
	}
	src, err := r.store.Open(at)
	return src, at, err
}

// inOrder reads a source from its beginning.
type inOrder struct {
	ctx context.Context // of the one pass that it is made for
	src fetch.Source
	off int64
}

func (r *inOrder) Read(p []byte) (int, error) {
	n := min(int64(len(p)), r.src.Size()-r.off)
	if n == 0 {
		return 0, io.EOF
	}
	if err := r.src.ReadAt(r.ctx, p[:n], r.off); err != nil {
		return 0, err
	}
	r.off += n
	return int(n), nil
}
