package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestOffset mounts a squashfs that does not begin where the published file does.
func TestOffset(t *testing.T) {
	image := smallImage(t)
	squashfs, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, append([]byte("#!/bin/sh\nexit 0\n"), squashfs...), 0o755); err != nil {
		t.Fatal(err)
	}
	u := newUser(t)
	ref := u.ok("publish", program, "file://"+t.TempDir()+"//program")
	dir := u.mount(ref, "--offset", "17", "-o", "xattrs")
	got := squashtest.SnapshotDir(t, dir)
	withoutOurs(t, got, ref)
	squashtest.Compare(t, got, squashtest.SnapshotDir(t, squashtest.Mount(t, image)))
	if out := u.ok("cat", "--offset", "17", ref, "hello"); out != "hello" {
		t.Errorf("cat = %q, want hello", out)
	}
	u.fails(broken, []string{"not a squashfs"}, "cat", "--offset", "16", ref, "hello")
	u.fails(broken, []string{"should begin at byte"}, "mount", "--offset", "999999999", ref, t.TempDir())
	u.fails(usage, []string{"--offset -1"}, "mount", "--offset", "-1", ref, t.TempDir())
}

// TestPartition mounts a squashfs that is a partition of a published disk image.
func TestPartition(t *testing.T) {
	image := smallImage(t)
	squashfs, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(t.TempDir(), "disk")
	b := make([]byte, 8<<20)
	copy(b[4<<20:], squashfs)
	if err := os.WriteFile(disk, b, 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sfdisk", "--quiet", disk)
	c.Stdin = strings.NewReader("label: gpt\nstart=2048,size=2048\nstart=8192,size=4096\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v\n%s", err, out)
	}
	u := newUser(t)
	ref := u.ok("publish", disk, "file://"+t.TempDir()+"//disk")
	dir := u.mount(ref, "--partition", "2", "-o", "xattrs")
	got := squashtest.SnapshotDir(t, dir)
	withoutOurs(t, got, ref)
	squashtest.Compare(t, got, squashtest.SnapshotDir(t, squashtest.Mount(t, image)))
	if out := u.ok("cat", "--partition", "2", ref, "hello"); out != "hello" {
		t.Errorf("cat = %q, want hello", out)
	}
	u.fails(broken, []string{"squashfs"}, "mount", ref, t.TempDir())
	u.fails(broken, []string{"squashfs"}, "cat", "--partition", "1", ref, "hello")
	u.fails(notFound, []string{"no partition 3"}, "mount", "--partition", "3", ref, t.TempDir())
}
