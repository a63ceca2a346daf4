package integration

import (
	"fmt"
	iofs "io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatIsCachedCostsNoRequest: what the kernel has seen of a mount it does not ask for again.
func TestWhatIsCachedCostsNoRequest(t *testing.T) {
	u := newUser(t)
	dir := u.mount(u.ok("publish", squashfs(t, cacheableTree(t)), "file://"+t.TempDir()+"//cacheable"))
	for _, c := range []struct {
		what string
		do   func(t testing.TB, dir string)
		want uint64
	}{
		{"a walk", walkAll, 0},
		{"a second read", readEachFile, 0},
		{"a name that is not there", func(t testing.TB, dir string) { missing(t, filepath.Join(dir, "d0/none")) }, 0},
		{"find -ls", findAll, 1}, // it begins with statfs(2), which the kernel never caches for FUSE
	} {
		c.do(t, dir)
		if n := leastRequests(u, dir, c.do, c.want); n > c.want {
			t.Errorf("%s costs %d requests when it is done again, want at most %d", c.what, n, c.want)
		}
	}
}

// leastRequests is how many requests do costs, at best: kernels with DAMON throw pages away on their own.
// Tries during which somebody dropped the caches do not count.
func leastRequests(u *user, dir string, do func(t testing.TB, dir string), enough uint64) uint64 {
	u.t.Helper()
	least := uint64(math.MaxUint64)
	for tries := 0; tries < 10 && least > enough; {
		dropped, before := drops(u.t), u.status(dir).Requests
		do(u.t, dir)
		if n := u.status(dir).Requests - before; drops(u.t) == dropped {
			least = min(least, n)
			tries++
		}
	}
	return least
}

// drops tells how often the kernel's caches were dropped so far.
func drops(t testing.TB) (counters string) {
	t.Helper()
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "drop_") {
			counters += line
		}
	}
	return counters
}

// cacheableTree has some files, directories and links.
func cacheableTree(t testing.TB) string {
	t.Helper()
	tree := t.TempDir()
	for i := range 20 {
		dir := filepath.Join(tree, fmt.Sprintf("d%d", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for j := range 30 {
			write(t, filepath.Join(dir, fmt.Sprintf("f%d", j)), j*j*500)
		}
		if err := os.Symlink("f1", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// walkAll looks at each entry and follows no link.
func walkAll(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err == nil {
			_, err = os.Lstat(path)
		}
		if err == nil && d.Type() == iofs.ModeSymlink {
			_, err = os.Readlink(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readEachFile(t testing.TB, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*/*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
}

func missing(t testing.TB, name string) {
	t.Helper()
	if _, err := os.Lstat(name); !os.IsNotExist(err) {
		t.Fatalf("Lstat(%s) = %v, want that it is not there", name, err)
	}
}

func findAll(t testing.TB, dir string) {
	t.Helper()
	run(t, "find", dir, "-ls")
}
