package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestTreeIsTheKernels publishes real trees with everything that squashfs can hold, compressed in
// every way, mounts each through pinfs and through the kernel, and compares all that can be seen.
func TestTreeIsTheKernels(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	store := "s3://" + server.NewBucket(t)
	rich := filepath.Join(t.TempDir(), "rich")
	squashtest.RichTree(t, rich)
	source := filepath.Join(goroot(t), "src")
	for _, c := range []struct{ compressor, tree string }{
		{"xz", source},
		{"gzip", filepath.Join(source, "net")},
		{"zstd", filepath.Join(source, "net")},
		{"lz4", filepath.Join(source, "net")},
		{"lzo", filepath.Join(source, "net")},
	} {
		t.Run(c.compressor, func(t *testing.T) {
			u.t = t
			image := filepath.Join(t.TempDir(), "image")
			run(t, "mksquashfs", c.tree, rich, image, "-comp", c.compressor, "-quiet", "-no-progress")
			ref := u.ok("publish", image, store+"/"+c.compressor)
			want := squashtest.SnapshotDir(t, squashtest.Mount(t, image))
			dir := u.mount(ref)
			got := squashtest.SnapshotDir(t, dir)
			withoutOurs(t, got, ref)
			squashtest.Compare(t, got, want)
			dropCaches(t)
			again := squashtest.SnapshotDir(t, dir)
			withoutOurs(t, again, ref)
			squashtest.Compare(t, again, want)
			u.ok("umount", dir)
		})
	}
	u.t = t
}

// withoutOurs takes from the root the attributes that tell what is mounted, after a look at them.
func withoutOurs(t *testing.T, s squashtest.Snapshot, ref string) {
	t.Helper()
	root := s["."]
	_, pin, _ := strings.Cut(ref, "@")
	if !strings.Contains(root.Xattrs, pin) {
		t.Errorf("the root's attributes %q do not have the pin %s", root.Xattrs, pin)
	}
	root.Xattrs = ""
	s["."] = root
}

func goroot(t *testing.T) string {
	t.Helper()
	return run(t, "go", "env", "GOROOT")
}
