package integration

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
)

// Exit codes of the design.
const (
	usage       = 2
	notFound    = 3
	conflict    = 4
	overwritten = 5
	broken      = 6
	unavailable = 7
	denied      = 8
)

// TestMountThatCanNotBe walks what people get wrong: each is one line that says what to do, with
// its exit code, nothing mounted and no process left.
func TestMountThatCanNotBe(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	mark := "PINFS_TEST=" + t.Name()
	u := s3User(t, server, mark, "PINFS_TIMEOUT=2s")
	store := "s3://" + server.NewBucket(t)
	image := smallImage(t)
	pinned := u.ok("publish", image, store+"/PE/image")
	_, pin, _ := strings.Cut(pinned, "@")
	wrongPin := "fsverity-sha256:" + strings.Repeat("0a", 32)

	noise := filepath.Join(t.TempDir(), "noise")
	write(t, noise, 100_000)
	u.ok("publish", noise, store+"/noise")
	cut := truncated(t, image)
	u.ok("publish", "--media-type", "application/octet-stream", cut, store+"/cut")

	with := func(env ...string) *user {
		return s3User(t, server, append([]string{mark, "PINFS_TIMEOUT=2s"}, env...)...)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, 1)
	busy := u.mount(pinned)
	for _, c := range []struct {
		what  string
		user  *user
		ref   string
		dir   string
		code  int
		words []string
	}{
		{"a wrong pin", u, store + "/PE/image@" + wrongPin, "", conflict, []string{pin, wrongPin, "revision 1"}},
		{"a wrong pin alone", u, store + "@" + wrongPin, "", notFound, []string{wrongPin[16:]}},
		{"a missing name", u, store + "/PE/imagine", "", notFound, []string{"PE/imagine", "pinfs ls " + store}},
		{"a missing bucket", u, "s3://missing-bucket/PE/image", "", notFound, []string{"missing-bucket"}},
		{"half a pin", u, store + "/PE/image@fsverity-sha256:1234", "", usage, []string{"whole pin"}},
		{"no store", u, "PE/image", "", usage, []string{"s3://BUCKET/NAME"}},
		{"a wrong access key", with("AWS_ACCESS_KEY_ID=nobody"), pinned, "", denied, []string{"key"}},
		{"a wrong secret", with("AWS_SECRET_ACCESS_KEY=guess"), pinned, "", denied, []string{"secret"}},
		{"nobody listening", with("PINFS_S3_ENDPOINT=http://127.0.0.1:1"), pinned, "", unavailable, []string{"127.0.0.1:1"}},
		{"a missing mountpoint", u, pinned, "/nonexistent/dir", notFound, []string{"/nonexistent/dir"}},
		{"a file as mountpoint", u, pinned, file, 1, []string{file, "not a directory"}},
		{"a busy mountpoint", u, pinned, busy, conflict, []string{busy, "pinfs umount"}},
		{"no squashfs", u, store + "/noise", "", broken, []string{"squashfs"}},
		{"a truncated squashfs", u, store + "/cut", "", broken, []string{"truncated"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.user.t = t
			dir := c.dir
			if dir == "" {
				dir = t.TempDir()
			}
			c.user.fails(c.code, c.words, "mount", c.ref, dir)
			if c.dir != busy && isMounted(t, dir) {
				t.Errorf("something is mounted at %s", dir)
			}
		})
	}
	u.t = t
	u.ok("umount", busy)
	if left := processes(t, mark); len(left) > 0 {
		t.Errorf("processes left: %q", left)
	}
}

func TestServerDownAtMount(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	mark := "PINFS_TEST=" + t.Name()
	u := s3User(t, server, mark, "PINFS_TIMEOUT=1s")
	store := "s3://" + server.NewBucket(t)
	pinned := u.ok("publish", smallImage(t), store+"/image")
	_, pin, _ := strings.Cut(pinned, "@")
	server.Stop()
	for _, ref := range []string{pinned, store + "@" + pin} {
		dir := t.TempDir()
		u.fails(unavailable, []string{server.Endpoint[len("http://"):]}, "mount", ref, dir)
		if isMounted(t, dir) {
			t.Errorf("something is mounted at %s", dir)
		}
	}
	if left := processes(t, mark); len(left) > 0 {
		t.Errorf("processes left: %q", left)
	}
}

func TestPublishRefuses(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	store := "s3://" + server.NewBucket(t)
	image := smallImage(t)
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, 0)
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, 5000)
	first := u.ok("publish", image, store+"/a")
	_, pin, _ := strings.Cut(first, "@")

	u.fails(broken, []string{"empty"}, "publish", empty, store+"/empty")
	u.fails(broken, []string{"truncated", "--media-type"}, "publish", truncated(t, image), store+"/cut")
	u.fails(notFound, []string{"/nonexistent"}, "publish", "/nonexistent", store+"/b")
	u.fails(notFound, []string{"missing-bucket"}, "publish", image, "s3://missing-bucket/a")
	u.fails(usage, []string{".."}, "publish", image, store+"/a/../b")
	u.fails(usage, []string{"without a pin"}, "publish", image, first)
	u.fails(conflict, []string{pin, "--replace --expect"}, "publish", other, store+"/a")
	u.fails(usage, []string{"--expect"}, "publish", "--replace", other, store+"/a")
	u.fails(conflict, []string{pin}, "publish", "--replace", "--expect", "fsverity-sha256:"+strings.Repeat("0b", 32), other, store+"/a")

	if moved := u.ok("publish", "--replace", "--expect", pin, other, store+"/a"); moved == first {
		t.Errorf("the name did not move from %s", first)
	}
	if u.ok("resolve", store+"/a@"+pin) != first {
		t.Error("the old revision can not be resolved by its pin any more")
	}
}

// smallImage is an xz squashfs of a few files.
func smallImage(t *testing.T) string {
	t.Helper()
	tree, image := t.TempDir(), filepath.Join(t.TempDir(), "small.squashfs")
	write(t, filepath.Join(tree, "file"), 300_000)
	if err := os.WriteFile(filepath.Join(tree, "hello"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "mksquashfs", tree, image, "-comp", "xz", "-quiet", "-no-progress")
	return image
}

// truncated is the first half of a file.
func truncated(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half")
	if err := os.WriteFile(half, b[:len(b)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	return half
}

// TestSilentServer: a person waits five seconds for a server that accepts and says nothing.
func TestSilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	u := newUser(t, "PINFS_S3_ENDPOINT=http://"+silent.Addr().String(), "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
	u.fails(unavailable, []string{"sent nothing for 5s"}, "ls", "s3://bucket")
}

// TestUnusableCacheIsTold to whoever mounts; the mount goes on without it.
func TestUnusableCacheIsTold(t *testing.T) {
	u := newUser(t)
	dir := t.TempDir()
	r := u.run("mount", "--cache", "/proc/nowhere", u.ok("publish", smallImage(t), "file://"+t.TempDir()+"//image"), dir)
	defer u.ok("umount", dir)
	if r.code != 0 || !strings.Contains(r.stderr, "going on without the cache /proc/nowhere") {
		t.Errorf("mount: exit %d, %q, want that it goes on without the cache", r.code, r.stderr)
	}
}
