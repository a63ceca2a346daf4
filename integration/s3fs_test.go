package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/integration/s3server"
)

// s3fs mounts a bucket as a worker node of a site has it in its fstab, with a disk cache of its own,
// and returns the directory. The end of the test unmounts it and waits for the end of the process.
func s3fs(t testing.TB, server *s3server.Server, bucket string) string {
	t.Helper()
	dir, cache, passwd := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte(server.AccessKey+":"+server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	c := exec.Command("s3fs", bucket, dir, "-f", "-o", "allow_other,passwd_file="+passwd+",url="+server.Endpoint+
		",use_path_request_style,use_cache="+cache+",check_cache_dir_exist,use_xattr")
	c.Stderr = stderr
	exited := background(t, c)
	t.Cleanup(func() { endS3fs(t, dir, c.Process, exited) })
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !isMounted(t, dir) {
		select {
		case <-exited:
			t.Fatalf("s3fs ended at once: %s", stderr)
		case <-tick.C:
		}
	}
	return dir
}

// background starts a process that ends with this one, and returns a channel that tells of its end. The
// thread that starts it lives as long: the parent-death signal is bound to it.
func background(t testing.TB, c *exec.Cmd) (exited chan struct{}) {
	t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait() // how it ends is the business of whoever ends it
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	return exited
}

// endS3fs unmounts, which ends the process. If something is still in use the process goes first.
func endS3fs(t testing.TB, dir string, p *os.Process, exited chan struct{}) {
	t.Helper()
	if err := unmount(dir, 0); err != nil && isMounted(t, dir) {
		t.Errorf("unmount %s: %v", dir, err)
		_ = p.Kill()
		if err := unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s lazily: %v", dir, err)
		}
	}
	<-exited
}

// unmount waits for programs that are just being started: each has a copy of all that is open here
// until it runs.
func unmount(dir string, flags int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return unix.Unmount(dir, flags)
}
