package integration

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/integration/s3server"
)

// replacer does to a published object whatever others may do to it, one step after the other.
type replacer struct {
	published
	client *minio.Client
	bytes  []byte   // as published
	others [][]byte // valid images of the same size, smaller and larger
	steps  int
	last   string // the version that the last step made
}

func newReplacer(t *testing.T, p published) *replacer {
	t.Helper()
	r := &replacer{published: p, client: stranger(t, p.server), bytes: content(t, p.image)}
	for _, size := range []int{tortureSize, tortureSize * 3 / 4, tortureSize * 5 / 4} {
		r.others = append(r.others, content(t, squashfs(t, randomTree(t, size))))
	}
	if len(r.others[0]) != len(r.bytes) {
		t.Fatalf("another image has %d bytes, want the %d of the published one", len(r.others[0]), len(r.bytes))
	}
	return r
}

// round takes each step once, in any order, at the pace of tick. The published bytes are back after
// every other step, or hardly any read would be right.
func (r *replacer) round(tick <-chan time.Time) error {
	steps := []func() error{r.inParts, r.empty, r.remove}
	if r.canDamage() {
		steps = append(steps, r.damage)
	}
	for _, image := range r.others {
		steps = append(steps, func() error { return r.put(image, minio.PutObjectOptions{}) })
	}
	rand.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		for _, step := range []func() error{step, r.right} {
			<-tick
			if err := step(); err != nil {
				return err
			}
			r.steps++
		}
	}
	return nil
}

// put uploads b over the object. The version that this replaces goes, unless it is the published one:
// the disk is not without end.
func (r *replacer) put(b []byte, opts minio.PutObjectOptions) error {
	opts.DisableContentSha256 = true // Ceph does not understand how the library else signs an empty body
	info, err := r.client.PutObject(context.Background(), r.bucket, r.key, bytes.NewReader(b), int64(len(b)), opts)
	if err != nil || info.VersionID == "" {
		return err
	}
	old := r.last
	r.last = info.VersionID
	if old == "" {
		return nil
	}
	return r.client.RemoveObject(context.Background(), r.bucket, r.key, minio.RemoveObjectOptions{VersionID: old})
}

// right uploads the published bytes in the way that gives them the published ETag.
func (r *replacer) right() error {
	return r.put(r.bytes, minio.PutObjectOptions{DisableMultipart: true})
}

// inParts uploads them in the way that gives them another one.
func (r *replacer) inParts() error { return r.put(r.bytes, minio.PutObjectOptions{PartSize: 5 << 20}) }

func (r *replacer) empty() error { return r.put(nil, minio.PutObjectOptions{}) }

func (r *replacer) remove() error {
	return r.client.RemoveObject(context.Background(), r.bucket, r.key, minio.RemoveObjectOptions{})
}

// canDamage says whether the server keeps an object's bytes in a file.
func (r *replacer) canDamage() bool { return r.server.Kind == s3server.Versitygw }

// damage writes parts of another image into the file that the server keeps the published bytes in, so
// that the object has the published ETag, while it is being read, and other bytes.
func (r *replacer) damage() error {
	if err := r.right(); err != nil {
		return err
	}
	f, err := os.OpenFile(r.server.StoredFile(r.bucket, r.key), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	const part = 64 << 10
	for off := 0; off < len(r.bytes)-part; off += part {
		if rand.IntN(4) == 0 {
			_, writeErr := f.WriteAt(r.others[0][off:][:part], int64(off))
			err = errors.Join(err, writeErr)
		}
	}
	return errors.Join(err, f.Close())
}
