package integration

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestPublishAtAKey: other tools find the image where they look for it, with an md5sum and a manifest, and
// pinfs reads it there when its own copy is gone.
func TestPublishAtAKey(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	image, bucket := smallImage(t), server.NewBucket(t)
	store, manifest := "s3://"+bucket, filepath.Join(t.TempDir(), "manifest.json")
	ref := u.ok("publish", "--key", "PE/x.squashfs", "--ims-manifest", manifest, image, store+"/cpe")
	client := stranger(t, server)
	info, err := client.StatObject(context.Background(), bucket, "PE/x.squashfs", minio.StatObjectOptions{})
	if err != nil || info.UserMetadata["Md5sum"] != md5sum(t, image) {
		t.Errorf("the object at the key: %+v, %v, want md5sum %s", info.UserMetadata, err, md5sum(t, image))
	}
	var written struct {
		Version, Created string
		Artifacts        []struct {
			Link      struct{ Path, ETag, Type string }
			MD5, Type string
		}
	}
	b, err := os.ReadFile(manifest)
	if err == nil {
		err = json.Unmarshal(b, &written)
	}
	if err != nil || written.Version != "1.0" || len(written.Artifacts) != 1 {
		t.Fatalf("IMS manifest %s: %v", b, err)
	}
	if a := written.Artifacts[0]; a.Link.Path != store+"/PE/x.squashfs" || a.Link.ETag != info.ETag || a.Link.Type != "s3" ||
		a.MD5 != md5sum(t, image) || a.Type != "application/vnd.cray.image.rootfs.squashfs" {
		t.Errorf("artifact %+v, want that of the object with etag %s", a, info.ETag)
	}

	r := u.run("adopt", "--ims-manifest", manifest, store+"/PE/x.squashfs", "again")
	if r.code != 0 || !strings.Contains(r.stderr, "its md5 is the one of the IMS manifest "+manifest+" and of its user metadata md5sum") {
		t.Errorf("adopt with the manifest that was written: %+v", r)
	}
	p := published{server: server, bucket: bucket, key: "PE/manifest.json"}
	p.put(t, p.key, manifest, "")
	u.ok("adopt", "--ims-manifest", store+"/PE/manifest.json", store+"/PE/x.squashfs", "again")

	_, pin, _ := strings.Cut(ref, "@fsverity-sha256:")
	if err := client.RemoveObject(context.Background(), bucket, ".pinfs/images/"+pin+"/image", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := u.ok("cat", ref, "hello"); got != "hello" {
		t.Errorf("cat of what lies at the key alone = %q", got)
	}
}

func TestKeyRefuses(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	image, other := smallImage(t), filepath.Join(t.TempDir(), "other")
	write(t, other, 5000)
	p := published{server: server, bucket: server.NewBucket(t)}
	store := "s3://" + p.bucket
	p.put(t, "PE/x", other, "")
	dir := t.TempDir()
	there := filepath.Join(dir, "there.json")
	write(t, there, 1)
	u.fails(conflict, []string{"PE/x", "other bytes", "--key"}, "publish", "--key", "PE/x", image, store+"/a")
	u.fails(usage, []string{".pinfs"}, "publish", "--key", ".pinfs/images/x", image, store+"/a")
	u.fails(usage, []string{"scratch"}, "publish", "--class", "scratch", "--key", "PE/y", image, store+"/scratch/a")
	u.fails(usage, []string{"--key"}, "publish", "--ims-manifest", filepath.Join(dir, "m.json"), image, store+"/a")
	u.fails(usage, []string{"S3"}, "publish", "--key", "PE/y", "--ims-manifest", filepath.Join(dir, "m.json"), image, "file://"+dir+"//a")
	u.fails(conflict, []string{there}, "publish", "--key", "PE/y", "--ims-manifest", there, image, store+"/a")
	u.fails(notFound, []string{"no directory"}, "publish", "--key", "PE/y", "--ims-manifest", dir+"/none/m.json", image, store+"/a")
	if left := u.ok("ls", "--json", store); left != "" {
		t.Errorf("names after publications that failed: %s", left)
	}
	u.ok("publish", "--key", "PE/x", other, store+"/same") // the same bytes are there
}
