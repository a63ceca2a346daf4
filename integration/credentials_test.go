package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestRelativeCredentialsFile: what a file's name means does not change on its way to the worker.
func TestRelativeCredentialsFile(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	admin := s3User(t, server)
	ref := admin.ok("publish", smallImage(t), "s3://"+server.NewBucket(t)+"/small")
	here, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(here, "creds"), []byte(server.AccessKey+":"+server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	aws := "[default]\naws_access_key_id=" + server.AccessKey + "\naws_secret_access_key=" + server.SecretKey + "\n"
	if err := os.WriteFile(filepath.Join(here, "aws"), []byte(aws), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []struct{ env, flag string }{{"X=", "--credentials-file=creds"}, {"AWS_SHARED_CREDENTIALS_FILE=aws", "--timeout=9s"}} {
		u := newUser(t, "PINFS_S3_ENDPOINT="+server.Endpoint, how.env)
		c := exec.Command(binary, "mount", how.flag, ref, dir)
		c.Env, c.Dir = u.env, here
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("mount %s with %s: %v\n%s", how.flag, how.env, err, out)
		}
		hello(t, dir)
		u.ok("umount", dir)
	}
}
