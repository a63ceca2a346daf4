// Package squashtest makes squashfs images for tests and compares what different readers see of one.
//
// It wants root, mksquashfs, the kernel's squashfs and loop devices; a test that lacks one of them
// fails.
package squashtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Make packs the directory tree with mksquashfs, -noappend and args, and returns the path of the
// image, which goes with the test.
func Make(t testing.TB, tree string, args ...string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image.squashfs")
	run(t, "mksquashfs", append([]string{tree, image, "-noappend", "-quiet", "-no-progress"}, args...)...)
	return image
}

// Mount mounts image with the kernel's squashfs over a loop device and returns the directory. The
// end of the test unmounts it.
func Mount(t testing.TB, image string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "mount", "-t", "squashfs", "-o", "loop,ro", image, dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	return dir
}

// run runs a program to its end; anything but success ends the test.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
