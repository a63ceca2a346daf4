package fs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/squash/squashtest"
)

func TestWritesAreRefused(t *testing.T) {
	for _, option := range []string{"ro", "rw"} {
		t.Run(option, func(t *testing.T) {
			dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t)), Xattrs: true}, option)
			in := func(name string) string { return filepath.Join(dir, name) }
			if _, err := os.ReadFile(in("hello")); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"create":      os.WriteFile(in("new"), nil, 0o644),
				"write":       appendTo(in("hello")),
				"truncate":    os.Truncate(in("hello"), 0),
				"remove":      os.Remove(in("hello")),
				"rmdir":       os.Remove(in("empty")),
				"mkdir":       os.Mkdir(in("newdir"), 0o755),
				"rename":      os.Rename(in("hello"), in("other")),
				"link":        os.Link(in("hello"), in("other")),
				"symlink":     os.Symlink("hello", in("other")),
				"mknod":       unix.Mkfifo(in("newfifo"), 0o644),
				"chmod":       os.Chmod(in("hello"), 0o600),
				"chown":       os.Chown(in("hello"), 1, 1),
				"utimes":      os.Chtimes(in("hello"), time.Now(), time.Now()),
				"setxattr":    unix.Setxattr(in("hello"), "user.x", []byte("y"), 0),
				"removexattr": unix.Removexattr(in("hello"), "user.note"),
			} {
				if !errors.Is(err, unix.EROFS) {
					t.Errorf("%s = %v, want EROFS", what, err)
				}
			}
		})
	}
}

// appendTo writes to an existing file.
func appendTo(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write([]byte("x"))
	return err
}

func TestFailedReadIsNotRemembered(t *testing.T) {
	o := newOrigin(t)
	dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir})
	large := filepath.Join(dir, "deep/a/b/c/d/large")
	if _, err := os.Stat(large); err != nil {
		t.Fatal(err)
	}
	o.set("fail")
	for range 2 {
		if _, err := os.ReadFile(large); !errors.Is(err, unix.EIO) {
			t.Errorf("read from a dead origin = %v, want EIO", err)
		}
	}
	doc, err := status.Of(t.Context(), dir)
	if err != nil || doc.State != "unavailable" || len(doc.Errors) != 1 || doc.Errors[0].Count < 2 {
		t.Errorf("status = %+v, %v, want one failure, counted, state unavailable", doc, err)
	}
	o.set("")
	if b, err := os.ReadFile(large); err != nil || string(b) != string(noise(1, 5<<20+123)) {
		t.Errorf("read after the origin healed: %d bytes, %v", len(b), err)
	}
}

// TestHangingOrigin: a read that waits stops neither other files, nor df, nor status, and it ends
// when its process is killed.
func TestHangingOrigin(t *testing.T) {
	o := newOrigin(t)
	dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Timeout: time.Hour})
	if _, err := os.Stat(filepath.Join(dir, "deep/a/b/c/d/large")); err != nil {
		t.Fatal(err)
	}
	o.set("hang")
	reader := startReader(t, filepath.Join(dir, "deep/a/b/c/d/large"))
	o.awaitHang()
	if _, err := os.ReadDir(filepath.Join(dir, "empty")); err != nil {
		t.Errorf("metadata: %v", err)
	}
	if err := unix.Statfs(dir, new(unix.Statfs_t)); err != nil {
		t.Errorf("statfs: %v", err)
	}
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Serving {
		t.Errorf("status = %+v, %v", doc, err)
	}
	if err := reader.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := reader.Wait(); !isExit(err) {
		t.Errorf("killed reader = %v", err)
	}
	if doc, err := status.Of(t.Context(), dir); err != nil || len(doc.Errors) != 0 {
		t.Errorf("a killed reader counts as a failure: %+v, %v", doc, err)
	}
	o.set("")
}

// startReader starts another process that reads a file.
func startReader(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	reader := exec.Command("cat", name)
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	return reader
}

// TestHarmlessSignal: who handles a signal while it waits gets its answer all the same. (The kernel
// tells of signals to who waits for metadata; a wait for pages it interrupts only to kill.)
func TestHarmlessSignal(t *testing.T) {
	o := newOrigin(t)
	tail := strings.Repeat("x", 200) // more metadata than is read at the beginning
	dir, _ := mount(t, job{Image: squashtest.Make(t, crowd(t, 8_000, tail), "-noI"), Control: o.dir, Timeout: time.Hour})
	o.set("hang")
	reader := exec.Command("sh", "-c", `trap : USR1; test -f "$1"`, "sh", filepath.Join(dir, "file-000001"+tail))
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	o.awaitHang()
	before := requests(t, dir)
	if err := reader.Process.Signal(unix.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for requests(t, dir) == before { // until the kernel has told of the signal
	}
	o.set("")
	if _, err := o.release.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := reader.Wait(); err != nil {
		t.Errorf("reader = %v", err)
	}
}

func requests(t *testing.T, dir string) uint64 {
	t.Helper()
	doc, err := status.Of(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Requests
}

func TestDeadlineIsEIO(t *testing.T) {
	o := newOrigin(t)
	dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Timeout: 2 * time.Second})
	o.set("hang")
	if _, err := os.ReadFile(filepath.Join(dir, "text")); !errors.Is(err, unix.EIO) {
		t.Errorf("read = %v, want EIO", err)
	}
	doc, err := status.Of(t.Context(), dir)
	if err != nil || doc.State != "unavailable" {
		t.Errorf("status = %+v, %v, want unavailable", doc, err)
	}
	o.set("")
	if _, err := os.ReadFile(filepath.Join(dir, "text")); err != nil {
		t.Errorf("read after the origin healed: %v", err)
	}
}
