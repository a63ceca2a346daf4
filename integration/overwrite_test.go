package integration

import (
	"bytes"
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// published is an image in a bucket.
type published struct {
	server      *s3server.Server
	bucket, key string // of the image's bytes
	ref         string // pinned
	image       string
	tree        string // that the image was made of, where a test needs it
}

// publishTree publishes an xz squashfs that is larger than what a mount keeps in memory, so that
// half of it is still to be fetched when half of it was read.
func publishTree(t *testing.T, u *user, server *s3server.Server) published {
	t.Helper()
	tree := t.TempDir()
	for _, name := range strings.Split("abcdefghijkl", "") {
		write(t, filepath.Join(tree, name), 20<<20)
	}
	p := publishImage(t, u, server, squashfs(t, tree))
	p.tree = tree
	return p
}

// publishImage publishes an image into a bucket of its own.
func publishImage(t *testing.T, u *user, server *s3server.Server, image string) published {
	t.Helper()
	p := published{server: server, bucket: server.NewBucket(t), image: image}
	p.ref = u.ok("publish", p.image, "s3://"+p.bucket+"/PE/image")
	_, pin, _ := strings.Cut(p.ref, "@fsverity-sha256:")
	p.key = ".pinfs/images/" + pin + "/image"
	return p
}

func squashfs(t *testing.T, tree string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image.squashfs")
	run(t, "mksquashfs", tree, image, "-comp", "xz", "-quiet", "-no-progress", "-noD", "-noF") // random data: compressing it only takes time
	return image
}

// other is another valid squashfs of the same size as p's.
func (p published) other(t *testing.T) string {
	t.Helper()
	tree := t.TempDir()
	for _, name := range strings.Split("abcdefghijkl", "") {
		write(t, filepath.Join(tree, name), 20<<20)
	}
	image := squashfs(t, tree)
	info, err := os.Stat(p.image)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, info.Size()); err != nil {
		t.Fatal(err)
	}
	run(t, "unsquashfs", "-s", image) // still a valid squashfs
	return image
}

// overwrite puts a file at the image's key, as any S3 client would.
func (p published) overwrite(t *testing.T, name string) {
	t.Helper()
	if _, err := stranger(t, p.server).FPutObject(context.Background(), p.bucket, p.key, name, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

// outcome counts what reading a tree gave.
type outcome struct{ right, failed int }

// read reads the given files of a mount and compares each with the original. A read that gives any
// other byte is the one thing that must never be.
func (p published) read(t *testing.T, dir, names string) (o outcome) {
	t.Helper()
	for _, name := range strings.Split(names, "") {
		want, err := os.ReadFile(filepath.Join(p.tree, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case err == nil && bytes.Equal(got, want):
			o.right++
		case errors.Is(err, syscall.EIO) && bytes.HasPrefix(want, got):
			o.failed++
		default:
			t.Errorf("%s: %d bytes, equal %v, error %v: want the published bytes or EIO", name, len(got), bytes.Equal(got, want), err)
		}
	}
	return o
}

// failure returns the failure of a verdict that a mount reports.
func failure(t *testing.T, d status.Document, v fetch.Verdict) status.Failure {
	t.Helper()
	for _, f := range d.Errors {
		if f.Verdict == v {
			return f
		}
	}
	t.Fatalf("status %+v has no failure %q", d, v)
	return status.Failure{}
}

func TestOverwriteInUnversionedBucket(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref)
	if o := p.read(t, dir, "abcdef"); o.right != 6 {
		t.Fatalf("before the overwrite %+v, want 6 right", o)
	}
	before := u.etag(p)
	p.overwrite(t, p.other(t))
	after := p.newestETag(t)
	dropCaches(t)
	if o := p.read(t, dir, "abcdefghijkl"); o.failed == 0 {
		t.Errorf("after the overwrite %+v, want failures", o)
	}
	if o := p.read(t, dir, "ghijkl"); o.failed != 6 {
		t.Errorf("files never read before: %+v, want 6 failures", o)
	}

	d := u.status(dir)
	f := failure(t, d, fetch.ErrOverwritten)
	log, err := os.ReadFile(d.Log)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"status": f.Message, "log": string(log)} {
		for _, word := range []string{"overwritten", before, after, p.key} {
			if !strings.Contains(text, word) {
				t.Errorf("%s lacks %q:\n%s", what, word, text)
			}
		}
	}
	if d.State != string(fetch.ErrOverwritten) {
		t.Errorf("state %q, want overwritten", d.State)
	}
	u.fails(overwritten, []string{before, after}, "verify", p.ref)
}

// etag is the image's, as the record has it.
func (u *user) etag(p published) string {
	u.t.Helper()
	_, rest, _ := strings.Cut(u.ok("resolve", "--json", p.ref), `"image":{`)
	_, rest, _ = strings.Cut(rest, `"etag":"`)
	etag, _, _ := strings.Cut(rest, `"`)
	if etag == "" {
		u.t.Fatal("the record has no ETag")
	}
	return etag
}

// newestETag is what the server has at the image's key now.
func (p published) newestETag(t *testing.T) string {
	t.Helper()
	info, err := stranger(t, p.server).StatObject(context.Background(), p.bucket, p.key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return info.ETag
}

func TestOverwriteInVersionedBucket(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref)
	p.read(t, dir, "abc")
	p.overwrite(t, p.other(t))
	dropCaches(t)
	if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
		t.Errorf("after the overwrite %+v, want all right from the pinned version", o)
	}
	if d := u.status(dir); d.State != status.Serving || len(d.Errors) > 0 {
		t.Errorf("status %+v, want serving without errors", d)
	}
	u.ok("verify", p.ref)
	again := u.mount(p.ref)
	if o := p.read(t, again, "abcdefghijkl"); o.right != 12 {
		t.Errorf("a mount after the overwrite: %+v, want all right", o)
	}
}

func TestDeletedObject(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref)
	p.read(t, dir, "a")
	if err := os.Remove(server.StoredFile(p.bucket, p.key)); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	if o := p.read(t, dir, "ghijkl"); o.failed != 6 {
		t.Errorf("%+v, want 6 failures", o)
	}
	if f := failure(t, u.status(dir), fetch.ErrOverwritten); !strings.Contains(f.Message, "gone") {
		t.Errorf("message %q, want gone in it", f.Message)
	}
}

// TestRot flips one byte in the stored file, behind the server's back: identity stays, content does not.
func TestRot(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	const off = 110<<20 + 12345 // in the middle of one file
	flip(t, server.StoredFile(p.bucket, p.key), off)
	dir := u.mount(p.ref)
	if o := p.read(t, dir, "abcdefghijkl"); o.failed != 1 {
		t.Errorf("%+v, want exactly the file with the flipped byte to fail", o)
	}
	d := u.status(dir)
	f := failure(t, d, fetch.ErrCorrupt)
	for _, word := range []string{"leaf 880", "offset 115343360", p.key} {
		if !strings.Contains(f.Message, word) {
			t.Errorf("message %q lacks %q", f.Message, word)
		}
	}
	u.fails(broken, []string{"corrupt", "leaf 880"}, "verify", p.ref)

	flip(t, server.StoredFile(p.bucket, p.key), off)
	if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
		t.Errorf("after the repair %+v, want all right: a failed read is not remembered", o)
	}
}

func flip(t *testing.T, name string, off int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err = f.ReadAt(b, off); err == nil {
		b[0] ^= 0x10
		_, err = f.WriteAt(b, off)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestServerDownDuringReads(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server, "PINFS_TIMEOUT=1s")
	p := publishTree(t, u, server)
	dir := u.mount(p.ref)
	p.read(t, dir, "a")
	server.Stop()
	if o := p.read(t, dir, "a"); o.right != 1 {
		t.Errorf("what the page cache has: %+v, want it right", o)
	}
	if o := p.read(t, dir, "gh"); o.failed != 2 {
		t.Errorf("with the server down %+v, want 2 failures", o)
	}
	d := u.status(dir)
	if d.State != string(fetch.ErrUnavailable) {
		t.Errorf("state %q, want unavailable", d.State)
	}
	if f := failure(t, d, fetch.ErrUnavailable); !strings.Contains(f.Message, server.Endpoint) {
		t.Errorf("message %q does not name the server %s", f.Message, server.Endpoint)
	}
	if _, err := os.Stat(filepath.Join(dir, "nonexistent")); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("stat of a missing name = %v, want ErrNotExist: directories are read already", err)
	}
	server.Restart(t)
	if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
		t.Errorf("with the server back %+v, want all right", o)
	}
}
