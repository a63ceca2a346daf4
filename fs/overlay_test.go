package fs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestOverlayLowers does the same to two overlays of two lower layers each, one of pinfs mounts, one of
// the kernel's squashfs mounts: all that can be seen afterwards is equal.
func TestOverlayLowers(t *testing.T) {
	base, above := sample(t), t.TempDir()
	in := func(name string) string { return filepath.Join(above, name) }
	err := errors.Join(
		os.WriteFile(in("hello"), []byte("from above\n"), 0o640), os.MkdirAll(in("deep/a/new"), 0o750),
		os.WriteFile(in("one"), []byte("linked"), 0o644), os.Link(in("one"), in("two")), os.Symlink("two", in("three")),
		unix.Mknod(in("text"), unix.S_IFCHR, 0), // a whiteout
		os.Mkdir(in("empty"), 0o755), os.WriteFile(in("empty/x"), nil, 0o644),
		unix.Lsetxattr(in("one"), "user.note", []byte("of both"), 0),
		unix.Lsetxattr(in("empty"), "trusted.overlay.opaque", []byte("y"), 0),
		unix.Lsetxattr(in("one"), "security.capability", []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0),
	)
	if err != nil {
		t.Fatal(err)
	}
	var ours, kernels []string
	for _, tree := range []string{above, base} {
		image := squashtest.Make(t, tree)
		dir, _ := mount(t, job{Image: image})
		ours, kernels = append(ours, dir), append(kernels, squashtest.Mount(t, image))
	}
	got, want := overlay(t, ours...), overlay(t, kernels...)
	if g, w := change(got), change(want); !slices.Equal(g, w) {
		t.Errorf("changes went %v, over the kernel's squashfs %v", g, w)
	}
	g, w := squashtest.SnapshotDir(t, got), squashtest.SnapshotDir(t, want)
	for path := range w {
		g[path], w[path] = comparable(g[path]), comparable(w[path])
	}
	if squashtest.Compare(t, g, w); len(w) < 12 {
		t.Errorf("only %d files were compared", len(w))
	}
}

// comparable is n without inode numbers, which overlayfs makes up, and times of changes.
func comparable(n squashtest.Node) squashtest.Node {
	n.Number, n.Parent, n.Listing, n.ModTime, n.Blocks = 0, 0, "", 0, 0
	return n
}

// overlay mounts lowers, the top one first, under a writable layer in memory.
func overlay(t *testing.T, lowers ...string) string {
	t.Helper()
	memory, over := t.TempDir(), mountpoint(t)
	command(t, "mount", "-t", "tmpfs", "tmpfs", memory)
	t.Cleanup(func() { command(t, "umount", memory) })
	upper, work := filepath.Join(memory, "upper"), filepath.Join(memory, "work")
	if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
		t.Fatal(err)
	}
	lower := lowers[0]
	for _, l := range lowers[1:] {
		lower += ":" + l
	}
	command(t, "mount", "-t", "overlay", "overlay", "-o", "lowerdir="+lower+",upperdir="+upper+",workdir="+work, over)
	t.Cleanup(func() { command(t, "umount", over) })
	return over
}

// change does to a tree what users do, and returns how each step went.
func change(dir string) (outcomes []string) {
	in := func(name string) string { return filepath.Join(dir, name) }
	for i, do := range []func() error{
		func() error { return os.WriteFile(in("hello"), []byte("changed"), 0o644) },
		func() error { return os.Chmod(in("deep/a/b/c/d/large"), 0o600) },
		func() error { return os.Truncate(in("deep/a/b/c/d/large"), 4<<20+5) },
		func() error { return os.Remove(in("three")) },
		func() error { return os.Remove(in("text")) }, // is whited out already
		func() error { return os.Remove(in("deep/a/new")) },
		func() error { return os.Rename(in("deep/a/b"), in("moved")) },
		func() error { return os.Rename(in("one"), in("renamed")) },
		func() error { return os.Link(in("two"), in("four")) },
		func() error { return appendTo(in("two")) },
		func() error { return unix.Lsetxattr(in("renamed"), "user.more", []byte("x"), 0) },
		func() error { return unix.Lremovexattr(in("renamed"), "user.note") },
		func() error { return errors.Join(os.RemoveAll(in("empty")), os.Mkdir(in("empty"), 0o700)) },
		func() error { return os.Symlink("../hello", in("empty/link")) },
		func() error { return os.Chown(in("deep"), 12, 13) },
		func() error { return os.Mkdir(in("hello"), 0o700) },
	} {
		err := do()
		var number unix.Errno
		errors.As(err, &number)
		outcomes = append(outcomes, fmt.Sprint(i, " ", number.Error()))
	}
	return outcomes
}
