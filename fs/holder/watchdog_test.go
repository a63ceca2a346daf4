package holder

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// TestAbort ends a reader of a mount that nobody serves.
func TestAbort(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("only root can mount")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dev, err := mountDirect("test", dir, options{flags: unix.MS_RDONLY})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	at, found, err := state.MountAt(dir)
	if err != nil || !found {
		t.Fatal("the mount is not there", err)
	}
	root, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(root)
	read := make(chan error)
	go func() {
		var st unix.Statfs_t
		read <- unix.Fstatfs(root, &st) // it waits, or comes too late
	}()
	abort(at)
	if err := <-read; err != unix.ENOTCONN && err != unix.ECONNABORTED {
		t.Errorf("the reader gets %v, want the end of the connection", err)
	}
	if _, found, err := state.MountAt(dir); found || err != nil {
		t.Errorf("still mounted: %v, %v", found, err)
	}
}
