// Package squashtest makes squashfs images for tests and compares what different readers see of one.
//
// It wants root, squashfs-tools, squashfs-tools-ng, the kernel's squashfs and loop devices; a test
// that lacks one of them fails.
package squashtest

import (
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Mount mounts image with the kernel's squashfs over a loop device and returns the directory. The
// end of the test unmounts it. A loop device has whole sectors only, so zeros are added to an image
// that has not.
func Mount(t testing.TB, image string) string {
	t.Helper()
	info, err := os.Stat(image)
	if err != nil {
		t.Fatal(err)
	}
	if n := info.Size() % sector; n != 0 {
		if err := os.Truncate(image, info.Size()+sector-n); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	run(t, "mount", "-t", "squashfs", "-o", "loop,ro", image, dir)
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// unmount waits for the programs that other tests are just starting: each has a copy of all that is open
// here, files below dir among it, until it runs.
func unmount(t testing.TB, dir string) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	err := unix.Unmount(dir, 0)
	for range unmountTries { // somebody who looks at all mounts may have it open just now
		if err != unix.EBUSY {
			break
		}
		time.Sleep(20 * time.Millisecond)
		err = unix.Unmount(dir, 0)
	}
	if err != nil {
		t.Errorf("unmount %s: %v", dir, err)
	}
}

const unmountTries = 100

const sector = 4096 // bytes; what mksquashfs pads to
