package squashtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Make packs the directory tree with mksquashfs, -noappend and args, and returns the path of the
// image, which goes with the test.
func Make(t testing.TB, tree string, args ...string) string {
	t.Helper()
	image := newImage(t)
	run(t, "mksquashfs", append([]string{tree, image, "-noappend", "-quiet", "-no-progress"}, args...)...)
	return image
}

// MakeTwice is like Make, and then packs the tree behind that in the same image, and once more with all
// there is so far put into a directory: files that are there already get other names, the tables of
// the first image are written anew and what is left of them stays between the data.
func MakeTwice(t testing.TB, tree string, args ...string) string {
	t.Helper()
	image := Make(t, tree, args...)
	run(t, "mksquashfs", tree, image, "-quiet", "-no-progress", "-no-recovery")
	run(t, "mksquashfs", tree, image, "-quiet", "-no-progress", "-no-recovery", "-root-becomes", "before")
	return image
}

// MakeGen is like Make with gensquashfs of squashfs-tools-ng.
func MakeGen(t testing.TB, tree string, args ...string) string {
	t.Helper()
	image := newImage(t)
	run(t, "gensquashfs", append([]string{"--quiet", "--pack-dir", tree, image}, args...)...)
	return image
}

// MakeStar turns the tar file into an image with sqfstar and args.
func MakeStar(t testing.TB, tar string, args ...string) string {
	t.Helper()
	image := newImage(t)
	runWith(t, tar, "sqfstar", append(append([]string{"-quiet", "-no-progress"}, args...), image)...)
	return image
}

// MakeTar is like MakeStar with tar2sqfs of squashfs-tools-ng.
func MakeTar(t testing.TB, tar string, args ...string) string {
	t.Helper()
	image := newImage(t)
	runWith(t, tar, "tar2sqfs", append([]string{"--quiet", image}, args...)...)
	return image
}

// Tar packs the directory tree into the file tar with GNU tar, attributes included. Sockets are left
// out: tar knows none. Names go without the "./" in front, which sqfstar 4.5 does not take from the
// targets of hard links.
func Tar(t testing.TB, tree, tar string) {
	t.Helper()
	run(t, "tar", "--format=pax", "--xattrs", "--xattrs-include=*", "--transform", `s,^\./,,rhS`, "-C", tree, "-cf", tar, ".")
}

// Extract unpacks image with unsquashfs and returns the directory, which goes with the test.
func Extract(t testing.TB, image string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "extracted")
	run(t, "unsquashfs", "-quiet", "-no-progress", "-dest", dir, image)
	return dir
}

func newImage(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "image.squashfs")
}

// run runs a program to its end; anything but success ends the test.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	runWith(t, os.DevNull, name, args...)
}

// runWith runs a program that reads the file stdin.
func runWith(t testing.TB, stdin, name string, args ...string) {
	t.Helper()
	in, err := os.Open(stdin)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
