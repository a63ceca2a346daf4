package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestProbeOfAPublisher: the first publication finds out what the bucket honours and leaves nothing of
// that in the bucket; the next one goes by it.
func TestProbeOfAPublisher(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw, Versioning: true})
	home := t.TempDir()
	u := s3User(t, server, "HOME="+home)
	bucket := server.NewBucket(t)
	u.ok("publish", smallImage(t), "s3://"+bucket+"/small")
	kept, err := filepath.Glob(filepath.Join(home, ".cache", "pinfs", "stores", "*.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v, want one file", kept, err)
	}
	before, err := os.ReadFile(kept[0])
	if err != nil || strings.Contains(string(before), server.SecretKey) || strings.Contains(string(before), server.AccessKey) {
		t.Errorf("%v, or credentials in\n%s", err, before)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(server.Dir, bucket, ".pinfs", "probe", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	u.ok("publish", smallImage(t), "s3://"+bucket+"/other")
	if after, err := os.ReadFile(kept[0]); err != nil || string(after) != string(before) {
		t.Errorf("the second publication has probed again: %v\n%s", err, after)
	}
	var found struct{ Exclusive bool }
	if err := json.Unmarshal([]byte(u.ok("probe", "--json", "s3://"+bucket)), &found); err != nil || !found.Exclusive {
		t.Errorf("probe --json: %v, exclusive %v", err, found.Exclusive)
	}
	u.fails(3, []string{"no such bucket"}, "probe", "s3://missing-bucket")
	u.fails(8, []string{"access key"}, "probe", "--credentials-file", strangerKey(t), "s3://"+bucket)
}

// strangerKey is a file with credentials that no server knows.
func strangerKey(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stranger")
	if err := os.WriteFile(name, []byte("STRANGER:nobody-knows-it\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
