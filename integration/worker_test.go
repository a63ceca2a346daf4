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
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// killWorker kills the worker of the mount at dir, and returns what status says of the next one.
func killWorker(t *testing.T, u *user, dir string) status.Document {
	t.Helper()
	before := u.status(dir)
	if before.WorkerPID <= 1 {
		t.Fatalf("no worker to kill: %+v", before)
	}
	if err := syscall.Kill(before.WorkerPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for {
		if d := u.status(dir); d.Restarts > before.Restarts && d.State != status.Restarting {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestKilledWorkerWithoutServer: a worker that is killed while the store is down comes back from the
// cache, or says within the deadline that it can not.
func TestKilledWorkerWithoutServer(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server, "PINFS_TIMEOUT=2s")
	p := publishTree(t, u, server)
	cached := u.mount(p.ref, "--cache", filepath.Join(t.TempDir(), "cache"))
	if o := p.read(t, cached, "abcdefghijkl"); o.right != 12 {
		t.Fatalf("%+v, want all right", o)
	}
	bare := u.mount(p.ref)
	server.Stop()
	killWorker(t, u, cached)
	dropCaches(t)
	if o := p.read(t, cached, "abcdefghijkl"); o.right != 12 {
		t.Errorf("from the cache, with another worker: %+v, want all right", o)
	}
	if err := syscall.Kill(u.status(bare).WorkerPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	if o := p.read(t, bare, "a"); o.failed != 1 {
		t.Errorf("without a cache: %+v, want EIO", o)
	}
	if d := u.status(bare); d.State != status.Restarting || d.LastEnd == "" || d.WorkerPID != 0 {
		t.Errorf("status %+v, want restarting and why", d)
	}
	server.Restart(t)
	for u.status(bare).State != status.Serving {
		time.Sleep(100 * time.Millisecond)
	}
	dropCaches(t)
	if o := p.read(t, bare, "a"); o.right != 1 {
		t.Errorf("after the server is back: %+v, want right", o)
	}
}

// TestCountersSurvive: what a mount has counted, above all an alarm, does not end with its worker.
func TestCountersSurvive(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref, "--cache", filepath.Join(t.TempDir(), "cache")) // a successor opens the image from it
	p.overwrite(t, p.other(t))
	dropCaches(t)
	if o := p.read(t, dir, "abc"); o.failed == 0 {
		t.Fatalf("%+v, want an alarm", o)
	}
	before := failure(t, u.status(dir), fetch.ErrOverwritten)
	requests := u.status(dir).Requests
	file := filepath.Join(filepath.Dir(u.status(dir).Log), "counters")
	for stored := false; !stored; { // they are written down now and then
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		stored = strings.Contains(string(b), string(fetch.ErrOverwritten))
		time.Sleep(10 * time.Millisecond)
	}
	d := killWorker(t, u, dir)
	after := failure(t, d, fetch.ErrOverwritten)
	if !after.First.Equal(before.First) || after.Count < before.Count || d.Requests < requests {
		t.Errorf("after a kill %+v with %d requests, before it %+v with %d", after, d.Requests, before, requests)
	}
}

// TestRemovedRunDirectory: a worker comes up after tmpreaper or somebody else has tidied up.
func TestRemovedRunDirectory(t *testing.T) {
	u := newUser(t)
	dir := u.mount(publishSmall(t, u))
	before := u.status(dir)
	if err := errors.Join(os.RemoveAll(filepath.Dir(before.Log)), syscall.Kill(before.WorkerPID, syscall.SIGKILL)); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	hello(t, dir)
	for u.run("status", dir).code != 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if d := u.status(dir); d.HolderPID != before.HolderPID || d.Restarts != 1 {
		t.Errorf("status %+v, want holder %d and one restart", d, before.HolderPID)
	}
}

// TestResendOff: the variable that tests use reaches the worker.
func TestResendOff(t *testing.T) {
	u := newUser(t, "PINFS_RESEND=off")
	dir := u.mount(publishSmall(t, u))
	log, err := os.ReadFile(killWorker(t, u, dir).Log)
	if err != nil || !strings.Contains(string(log), "took over") || strings.Contains(string(log), "resent=true") {
		t.Errorf("log %q, %v, want no request sent again", log, err)
	}
	hello(t, dir)
}

// holderLimit is what a holder may have resident, all of it counted: 16 MiB.
const holderLimit = 16 << 20

// TestHolderIsSmall: in the background and in the foreground, after whatever it does.
func TestHolderIsSmall(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	check := func(what, dir string) {
		t.Helper()
		p.read(t, dir, "abcdefghijkl")
		n := resident(t, u.status(dir).HolderPID, "VmRSS")
		t.Logf("%s: %.1f MiB", what, float64(n)/(1<<20))
		if n > holderLimit {
			t.Errorf("%s: the holder has %d bytes resident, at most %d are allowed", what, n, holderLimit)
		}
	}
	dir := u.mount(p.ref)
	check("in the background", dir)
	for range 3 {
		killWorker(t, u, dir)
	}
	check("with the fourth worker", dir)
	u.ok("upgrade", dir)
	check("after an upgrade", dir)
	u.fails(1, []string{dir, "goes on with the version it had"}, "upgrade", "--binary", "/bin/false", dir)
	check("after a failed upgrade", dir)

	front := t.TempDir()
	c := exec.Command(binary, "mount", "-f", p.ref, front)
	c.Env = u.env
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
	check("in the foreground", front)
	u.ok("umount", front)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// TestUpgradeCommand: the pinfs that is called takes over.
func TestUpgradeCommand(t *testing.T) {
	u := newUser(t)
	dir := u.mount(publishSmall(t, u))
	before := u.status(dir)
	next := filepath.Join(t.TempDir(), filepath.Base(binary))
	run(t, "cp", binary, next)
	c := exec.Command(next, "upgrade", dir)
	c.Env = u.env
	out, err := c.CombinedOutput()
	if err != nil || string(out) != dir+" "+before.Version+"\n" {
		t.Errorf("upgrade prints %q, %v", out, err)
	}
	d := u.status(dir)
	if d.HolderPID != before.HolderPID || d.WorkerPID == before.WorkerPID || d.Restarts != 0 || !d.Since.Equal(before.Since) {
		t.Errorf("status %+v after the upgrade, %+v before", d, before)
	}
	for _, pid := range []int{d.HolderPID, d.WorkerPID} {
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || exe != next {
			t.Errorf("process %d runs %s, %v, want %s", pid, exe, err, next)
		}
	}
	hello(t, dir)
	u.fails(1, []string{dir, "exit status 1", "goes on"}, "upgrade", "--binary", "/bin/false", dir)
	u.fails(notFound, []string{"/nonexistent"}, "upgrade", "--binary", "/nonexistent", dir)
	u.fails(notFound, []string{"no live pinfs mount"}, "upgrade", t.TempDir())
	u.fails(usage, []string{"--all"}, "upgrade")
	u.fails(usage, []string{"--all"}, "upgrade", "--all", dir)
	hello(t, dir)
}

// upgradeAll works in a mount namespace, where the mounts of the machine are none of its business.
const upgradeAll = `mount -t tmpfs run /run; mkdir /run/a /run/b
pinfs mount "$1" /run/a; pinfs mount "$1" /run/b
pinfs upgrade --all | cut -d' ' -f1 | sort
cat /run/a/hello /run/b/hello
pinfs umount /run/a; pinfs umount /run/b
pinfs upgrade --all`

func TestUpgradeAll(t *testing.T) {
	u := newUser(t)
	c := exec.Command("unshare", "--mount", "sh", "-ec", upgradeAll, "sh", publishSmall(t, u))
	c.Env = append(u.env[1:], "PATH="+filepath.Dir(absolute(t, binary))+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "/run/a\n/run/b\nhello\nhello\n") {
		t.Errorf("output %q, %v", out, err)
	}
}

// TestUpgradeOfADeadMount: a dead mount can not go on.
func TestUpgradeOfADeadMount(t *testing.T) {
	u := newUser(t)
	dir := u.mount(publishSmall(t, u))
	d := u.status(dir)
	if err := syscall.Kill(d.HolderPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, d.HolderPID, d.WorkerPID)
	u.fails(notFound, []string{"no live pinfs mount"}, "upgrade", dir)
	if _, err := os.ReadFile(filepath.Join(dir, "hello")); !errors.Is(err, syscall.ENOTCONN) {
		t.Errorf("read of a dead mount = %v, want ENOTCONN", err)
	}
}
