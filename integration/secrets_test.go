package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestSecretsAreNotTold looks for the secret key in everything that pinfs says or shows, while all is
// well and while the server denies, is down or is not one: output, logs, status, arguments, mount table,
// extended attributes, and the cache.
func TestSecretsAreNotTold(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	admin := s3User(t, server)
	ref := admin.ok("publish", smallImage(t), "s3://"+server.NewBucket(t)+"/small")
	creds := filepath.Join(t.TempDir(), "creds")
	cache := filepath.Join(t.TempDir(), "cache")
	for _, c := range []struct{ what, secret, endpoint string }{
		{"right", server.SecretKey, server.Endpoint},
		{"wrong", "wrong-secret-0123456789abcdef", server.Endpoint},
		{"down", "other-secret-0123456789abcdef", "http://127.0.0.1:1"},
		{"no server", "third-secret-0123456789abcdef", "https://" + strings.TrimPrefix(server.Endpoint, "http://")},
	} {
		for _, how := range []string{"PINFS_CREDENTIALS_FILE=" + creds, "AWS_SECRET_ACCESS_KEY=" + c.secret} {
			if err := os.WriteFile(creds, []byte(server.AccessKey+":"+c.secret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			u := newUser(t, how, "AWS_ACCESS_KEY_ID="+server.AccessKey, "PINFS_S3_ENDPOINT="+c.endpoint, "PINFS_TIMEOUT=1s", "PINFS_CACHE="+cache)
			told := u.tellAll(ref)
			if n := bytes.Count(told, []byte(c.secret)); n > 0 {
				t.Errorf("%s, %s: the secret is told %d times", c.what, how, n)
			}
			if n := bytes.Count(told, []byte("plain http:")); c.what == "right" && n != 1 {
				t.Errorf("%s: plain http is warned of %d times, want once", how, n)
			}
			if c.what == "right" && !bytes.Contains(told, []byte("hello")) {
				t.Errorf("%s: nothing was read, so nothing was looked at", how)
			}
		}
	}
}

// tellAll runs commands that succeed or fail, and returns all that there is to see of them.
func (u *user) tellAll(ref string) []byte {
	u.t.Helper()
	var told bytes.Buffer
	dir := u.t.TempDir()
	for _, args := range [][]string{
		{"resolve", ref}, {"resolve", "--json", ref}, {"ls", ref[:strings.LastIndexByte(ref, '/')]}, {"verify", ref},
		{"probe", ref[:strings.LastIndexByte(ref, '/')]}, {"probe", "--json", ref[:strings.LastIndexByte(ref, '/')]},
		{"pull", ref}, {"cache", "status", "--json"}, {"mount", ref, dir}, {"cat", ref, "hello"}, {"status", "--json", dir}, {"status", dir},
	} {
		r := u.run(args...)
		told.WriteString(r.stdout + r.stderr)
	}
	if !isMounted(u.t, dir) {
		return told.Bytes()
	}
	d := u.status(dir)
	told.WriteString(shown(u.t, d))
	u.ok("umount", dir)
	return told.Bytes()
}

// shown is what the system shows of a mount's processes.
func shown(t testing.TB, d status.Document) string {
	t.Helper()
	files := []string{d.Log, "/proc/self/mountinfo"}
	for _, pid := range []int{d.HolderPID, d.WorkerPID} {
		files = append(files, filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	}
	cached, err := filepath.Glob(filepath.Join(d.Cache.Dir, "*", "*"))
	if err != nil || len(cached) == 0 {
		t.Fatalf("%v, %v: want the files of a cache", cached, err)
	}
	var all strings.Builder
	for _, name := range append(files, cached...) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
