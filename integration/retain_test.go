package integration

import (
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestRetain: what was published with --retain not even the administrator can delete, and who publishes it again
// can only keep it for longer.
func TestRetain(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u, client := s3User(t, server), stranger(t, server)
	if err := client.MakeBucket(t.Context(), "kept", minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
		t.Fatal(err)
	}
	image := smallImage(t)
	p := policies{server: server}
	for _, c := range []struct {
		retain   string
		from, to time.Duration
	}{{"2h", time.Hour, 2 * time.Hour}, {"1h", time.Hour, 2 * time.Hour}, {"48h", 24 * time.Hour, 48 * time.Hour}} {
		u.ok("publish", "--retain", c.retain, image, "s3://kept/PE/x")
		all := p.contents(t, "kept")
		if len(all) != 3 {
			t.Errorf("there are %d objects, want record, image and manifest", len(all))
		}
		for _, o := range all {
			info, err := client.StatObject(t.Context(), "kept", o.Key, minio.StatObjectOptions{VersionID: o.VersionID})
			if err != nil {
				t.Fatalf("%s: %v", o.Key, err)
			}
			until, _ := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
			if left := time.Until(until); left < c.from || left > c.to {
				t.Errorf("--retain %s: %s is kept for %s", c.retain, o.Key, left)
			}
			if err := client.RemoveObject(t.Context(), "kept", o.Key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err == nil {
				t.Errorf("%s can be deleted", o.Key)
			}
		}
	}
	u.ok("verify", "s3://kept/PE/x")

	plain := server.NewBucket(t)
	p.unchanged(t, plain, func() {
		u.fails(1, []string{plain, "no object lock"}, "publish", "--retain", "1h", image, "s3://"+plain+"/PE/x")
	})
	u.fails(1, []string{"object lock"}, "publish", "--retain", "1h", image, "file://"+t.TempDir()+"//PE/x")
	u.fails(usage, []string{"--retain"}, "publish", "--retain", "-1h", image, "s3://kept/PE/x")
}
