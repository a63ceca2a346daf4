package integration

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// uploaded is an image of six files that a stranger has put into a bucket of its own.
func uploaded(t *testing.T, server *s3server.Server) published {
	t.Helper()
	p := published{server: server, bucket: server.NewBucket(t), key: "PE/cpe.squashfs", tree: t.TempDir()}
	for _, name := range strings.Split("abcdef", "") {
		write(t, filepath.Join(p.tree, name), 20<<20)
	}
	p.image = squashfs(t, p.tree)
	p.put(t, p.key, p.image, md5sum(t, p.image))
	return p
}

// put uploads a file as other tools do, with an md5sum beside it.
func (p published) put(t *testing.T, key, name, sum string) {
	t.Helper()
	opts := minio.PutObjectOptions{UserMetadata: map[string]string{"md5sum": sum}}
	if _, err := stranger(t, p.server).FPutObject(context.Background(), p.bucket, key, name, opts); err != nil {
		t.Fatal(err)
	}
}

func md5sum(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func TestAdoptedAndOverwritten(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := uploaded(t, server)
	store := "s3://" + p.bucket
	r := u.run("adopt", store+"/"+p.key)
	p.ref = strings.TrimSpace(r.stdout)
	_, pin, _ := strings.Cut(p.ref, "@")
	if r.code != 0 || pin != u.ok("pin", p.image) || !strings.Contains(r.stderr, "its md5 is the one of its user metadata md5sum") {
		t.Fatalf("adopt: %+v", r)
	}
	dir := u.mount(store + "/" + p.key)
	if o := p.read(t, dir, "ab"); o.right != 2 {
		t.Errorf("an adopted image: %+v, want all right", o)
	}
	u.ok("verify", p.ref)
	u.ok("pull", "--cache", t.TempDir(), p.ref)
	if want, err := os.ReadFile(filepath.Join(p.tree, "c")); err != nil || u.run("cat", p.ref, "c").stdout != string(want) {
		t.Errorf("cat of an adopted image gives other bytes, %v", err)
	}
	u.fails(notFound, []string{"NAME@PIN"}, "verify", store+"@"+pin)
	u.fails(notFound, []string{"NAME@PIN"}, "mount", store+"@"+pin, t.TempDir())

	other := filepath.Join(t.TempDir(), "other")
	info, err := os.Stat(p.image)
	if err != nil {
		t.Fatal(err)
	}
	write(t, other, int(info.Size()))
	p.overwrite(t, other)
	dropCaches(t)
	if o := p.read(t, dir, "abcdef"); o.failed == 0 {
		t.Errorf("after the overwrite %+v, want failures", o)
	}
	if d := u.status(dir); d.State != string(fetch.ErrOverwritten) {
		t.Errorf("state %q, want overwritten", d.State)
	}
	u.fails(overwritten, []string{p.key}, "verify", p.ref)
	u.fails(conflict, []string{pin, "--replace --expect"}, "adopt", store+"/"+p.key)
}

// TestAdoptedInVersionedBucket: the pinned version stays readable whatever is put over it.
func TestAdoptedInVersionedBucket(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	u := s3User(t, server)
	p := uploaded(t, server)
	p.ref = u.ok("adopt", "s3://"+p.bucket+"/"+p.key)
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, 10_000)
	p.overwrite(t, other)
	dir := u.mount(p.ref)
	if o := p.read(t, dir, "abcdef"); o.right != 6 {
		t.Errorf("%+v, want all right from the pinned version", o)
	}
	if d := u.status(dir); d.State != status.Serving {
		t.Errorf("state %q, want serving", d.State)
	}
}

func TestAdoptRefuses(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := published{server: server, bucket: server.NewBucket(t)}
	store := "s3://" + p.bucket
	empty, image := filepath.Join(t.TempDir(), "empty"), smallImage(t)
	write(t, empty, 0)
	p.put(t, "PE/empty", empty, md5sum(t, empty))
	p.put(t, "PE/wrong", image, md5sum(t, empty))
	p.put(t, "PE/cut", truncated(t, image), md5sum(t, truncated(t, image)))
	u.fails(conflict, []string{"PE/empty", "in progress"}, "adopt", store+"/PE/empty")
	u.fails(broken, []string{"corrupt", md5sum(t, empty), md5sum(t, image)}, "adopt", store+"/PE/wrong")
	u.fails(broken, []string{"malformed", "--media-type"}, "adopt", store+"/PE/cut")
	u.fails(notFound, []string{"PE/missing"}, "adopt", store+"/PE/missing")
	u.fails(usage, []string{"without a pin"}, "adopt", store+"/PE/wrong@fsverity-sha256:"+strings.Repeat("0a", 32))
	if left := u.ok("ls", "--json", store); left != "" {
		t.Errorf("names after adoptions that failed: %s", left)
	}
	for o := range stranger(t, server).ListObjects(context.Background(), p.bucket, minio.ListObjectsOptions{Prefix: ".pinfs/", Recursive: true}) {
		t.Errorf("left behind: %s", o.Key)
	}
}
