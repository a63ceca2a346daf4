package integration

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pinfs/pinfs/fs/status"
)

// publishSmall publishes a small image into a directory of its own.
func publishSmall(t *testing.T, u *user) string {
	t.Helper()
	return u.ok("publish", smallImage(t), "file://"+t.TempDir()+"//small")
}

func hello(t *testing.T, dir string) {
	t.Helper()
	if b, err := os.ReadFile(filepath.Join(dir, "hello")); err != nil || string(b) != "hello\n" {
		t.Errorf("hello = %q, %v", b, err)
	}
}

// TestOddMountpoints: every directory can be mounted at that the kernel takes, and is the one meant.
func TestOddMountpoints(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	base := t.TempDir()
	for _, name := range []string{"a b", "tab\tnewline\nend", `back\slash`, "nb\u00a0sp", "ideo\u3000graphic", "cr\r", "form\ffeed", "nel\u0085", strings.Repeat("long", 60), "ü#,@"} {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		u.ok("mount", ref, dir)
		hello(t, dir)
		if d := u.status(dir); d.Mountpoint != dir {
			t.Errorf("%q: status tells of %q", dir, d.Mountpoint)
		}
		u.ok("umount", dir)
	}
	for _, dir := range []string{"lat\xe9in", "lat\ufffdin"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	u.fails(1, []string{"UTF-8"}, "mount", ref, filepath.Join(base, "lat\xe9in"))
	u.fails(usage, []string{"empty"}, "mount", ref, "")
}

func TestMountpointThroughLinks(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	base := t.TempDir()
	for _, dir := range []string{"data/x", "data/pe", "links", "links/pe"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../data/x", filepath.Join(base, "links/l")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", `cd "$0/links/l" && pinfs mount "$1" ../pe`, base, ref)
	c.Env = append(u.env[1:], "PATH="+filepath.Dir(absolute(t, binary))+":"+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("mount: %v\n%s", err, out)
	}
	meant := filepath.Join(base, "data/pe")
	if !isMounted(t, meant) || isMounted(t, filepath.Join(base, "links/pe")) {
		t.Errorf("../pe behind a link is not what the kernel means by it")
	}
	u.ok("umount", base+"/links/l/../pe")
	if isMounted(t, meant) {
		t.Error("still mounted")
	}
}

// TestMountpointIsFreeAfterLazyUnmount: a busy mount can be replaced by the next version at once.
func TestMountpointIsFreeAfterLazyUnmount(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir := u.mount(ref)
	user, err := os.Open(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	u.fails(conflict, []string{"in use", "--lazy"}, "umount", dir)
	old := u.status(dir)
	u.ok("umount", "--lazy", dir)
	if d := u.status(dir); d.State != status.Detached {
		t.Errorf("state %q after a lazy unmount, want %q", d.State, status.Detached)
	}
	u.ok("mount", ref, dir)
	hello(t, dir)
	if d := u.status(dir); d.HolderPID == old.HolderPID || d.State != status.Serving {
		t.Errorf("status of the new mount: %+v", d)
	}
	if _, err := user.Read(make([]byte, 10)); err != nil {
		t.Errorf("who had a file open can not read it: %v", err)
	}
	if err := user.Close(); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, old.HolderPID, old.WorkerPID)
	hello(t, dir)
	if d := u.status(dir); d.State != status.Serving {
		t.Errorf("the end of the old mount's processes made the new one %q", d.State)
	}
	u.ok("umount", dir)
}

// awaitEnd waits until processes have ended.
func awaitEnd(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		run(t, "tail", "--pid="+fmt.Sprint(pid), "-f", "/dev/null")
	}
}

func TestUmountOfWhatIsInUseElsewhere(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir, other := u.mount(ref), t.TempDir()
	run(t, "mount", "--bind", dir, other)
	u.fails(conflict, []string{"elsewhere"}, "umount", dir)
	hello(t, other)
	u.ok("mount", ref, dir)
	hello(t, dir)
	run(t, "umount", other)
	u.ok("umount", dir)
}

// TestUmountWithACopyInAnotherNamespace: a container that was started over a mount has a copy of it.
func TestUmountWithACopyInAnotherNamespace(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir := u.mount(ref)
	old := u.status(dir)
	c := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", "echo copied; exec sleep infinity")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	u.fails(conflict, []string{"elsewhere", "namespace"}, "umount", dir)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	awaitEnd(t, old.HolderPID, old.WorkerPID)
}

// TestRefusedMountLeavesTheOneBelowAlone: something else was mounted over a mount.
func TestRefusedMountLeavesTheOneBelowAlone(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir := u.mount(ref)
	run(t, "mount", "-t", "tmpfs", "over", dir)
	u.fails(conflict, []string{"tmpfs"}, "mount", ref, dir)
	if d := u.status(dir); d.State != status.Serving {
		t.Errorf("state %q of a mount that is covered, want serving", d.State)
	}
	run(t, "umount", dir)
	hello(t, dir)
	if d := u.status(dir); d.State != status.Serving {
		t.Errorf("state %q, want serving", d.State)
	}
	u.ok("umount", dir)
}

// TestManyLazyUnmounts: the kernel gives the number of a device to the next mount at once; the end
// of the old mount must not take the new one away.
func TestManyLazyUnmounts(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir := u.mount(ref)
	for range 30 {
		u.ok("umount", "--lazy", dir)
		u.ok("mount", ref, dir)
		hello(t, dir)
	}
	u.ok("umount", dir)
}

// TestMountKeepsNothingOfItsCaller: a lock on an inherited descriptor is free when the caller ends.
func TestMountKeepsNothingOfItsCaller(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir, lock := t.TempDir(), filepath.Join(t.TempDir(), "lock")
	c := exec.Command("sh", "-c", `exec 9>"$0"; flock 9; pinfs mount "$1" "$2"`, lock, ref, dir)
	c.Env = append(u.env[1:], "PATH="+filepath.Dir(absolute(t, binary))+":"+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil { // returns only when nobody holds its output
		t.Fatalf("mount: %v\n%s", err, out)
	}
	run(t, "flock", "--nonblock", lock, "true")
	u.ok("umount", dir)
}

// TestForegroundMountOutlivesItsLogReader: the end of a log collector is no reason to end a mount.
func TestForegroundMountOutlivesItsLogReader(t *testing.T) {
	u := newUser(t)
	tree, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(tree, "file"), 8<<20) // more than a mount reads when it begins
	ref := u.ok("publish", squashfs(t, tree), "file://"+t.TempDir()+"//small")
	c := exec.Command(binary, "mount", "-f", ref, dir)
	c.Env = u.env
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || strings.TrimSpace(line) != ref {
		t.Fatalf("mount -f prints %q, %v, want %s when it is up", line, err, ref)
	}
	if err := stderr.Close(); err != nil {
		t.Fatal(err)
	}
	_, pin, _ := strings.Cut(ref, "@fsverity-sha256:")
	store := strings.TrimPrefix(ref[:strings.Index(ref, "//small@")], "file://")
	if err := os.Remove(filepath.Join(store, ".pinfs/images", pin, "image")); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	if _, err := os.ReadFile(filepath.Join(dir, "file")); !errors.Is(err, syscall.EIO) { // which is logged
		t.Errorf("read of what is gone = %v, want EIO", err)
	}
	if _, err := os.ReadDir(dir); err != nil {
		t.Errorf("the mount is gone: %v", err)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("mount -f ends with %v, want success after SIGTERM", err)
	}
	if isMounted(t, dir) {
		t.Error("still mounted")
	}
}

// TestReadOnlyRun: no mount without a place for its state, and one reason for that.
func TestReadOnlyRun(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	r := u.execute("unshare", "--mount", "sh", "-ec", `mount -t tmpfs -o ro none /run; exec "$0" mount "$1" "$2"`, absolute(t, binary), ref, t.TempDir())
	if want := "pinfs: a mount needs a run directory: mkdir /run/pinfs: read-only file system\n"; r.code != 1 || r.stderr != want {
		t.Errorf("exit %d, %q, want %q", r.code, r.stderr, want)
	}
}
