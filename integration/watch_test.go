package integration

import (
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestWatch tells of an object that was overwritten although nobody reads, and takes that back when
// the same bytes are uploaded again, as another object.
func TestWatch(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref, "--watch", "100ms")
	p.overwrite(t, p.other(t))
	u.await(dir, func(d status.Document) bool { return d.State == string(fetch.ErrOverwritten) })

	p.overwriteInParts(t, p.image)
	u.await(dir, func(d status.Document) bool { return d.State == status.Serving })
	dropCaches(t)
	if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
		t.Errorf("with the same bytes again: %+v, want all right", o)
	}
	if f := failure(t, u.status(dir), fetch.ErrOverwritten); f.Cleared.IsZero() {
		t.Errorf("%+v, want it cleared", f)
	}
}

// await asks for the status until it is as wanted.
func (u *user) await(dir string, wanted func(status.Document) bool) {
	u.t.Helper()
	for !wanted(u.status(dir)) {
		if u.t.Context().Err() != nil {
			u.t.Fatal("the test is over")
		}
	}
}

// overwriteInParts is overwrite with another ETag for the same bytes.
func (p published) overwriteInParts(t *testing.T, name string) {
	t.Helper()
	if _, err := stranger(t, p.server).FPutObject(t.Context(), p.bucket, p.key, name, minio.PutObjectOptions{PartSize: 64 << 20}); err != nil {
		t.Fatal(err)
	}
}
