package squash_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// damageTree makes a small tree in which each kind of inode, basic and extended, is there, with a
// directory that has an index and attributes whose value is stored apart.
func damageTree(t testing.TB) string {
	t.Helper()
	tree := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) string { return filepath.Join(tree, name) }
	write := func(name string, n int) {
		must(os.WriteFile(path(name), bytes.Repeat([]byte(name), n/len(name)+1)[:n], 0o644))
	}
	for _, dir := range []string{"dir/sub/deep", "marked", "wide"} {
		must(os.MkdirAll(path(dir), 0o755))
	}
	write("empty", 0)
	write("hello", 14)
	write("big", 5*4096+100)
	write("dir/whole", 3*4096)
	write("dir/sub/tagged", 4096+7)
	must(os.WriteFile(path("zeros"), make([]byte, 4*4096), 0o644))
	must(os.Link(path("hello"), path("hello again")))
	must(os.Symlink("hello", path("link")))
	must(os.Symlink("hello", path("dir/tagged link")))
	for i := range 60 {
		write(fmt.Sprintf("wide/%0200d", i), i%3)
	}
	for name, mode := range map[string]uint32{"null": unix.S_IFCHR, "disk": unix.S_IFBLK, "pipe": unix.S_IFIFO, "socket": unix.S_IFSOCK} {
		for _, tag := range []string{"", "tagged "} {
			must(unix.Mknod(path(tag+name), mode|0o644, int(unix.Mkdev(1, 3))))
		}
		squashtest.SetXattr(t, path("tagged "+name), "trusted.kind", name)
	}
	shared := strings.Repeat("shared ", 40)
	squashtest.SetXattr(t, path("dir/tagged link"), "trusted.link", "yes")
	squashtest.SetXattr(t, path("dir/sub/tagged"), "user.shared", shared)
	squashtest.SetXattr(t, path("marked"), "user.shared", shared)
	squashtest.SetXattr(t, path("marked"), "user.mark", "!")
	return tree
}

// plainImage returns the bytes of an image of damageTree in which everything is stored as it is.
func plainImage(t testing.TB) []byte {
	t.Helper()
	return packed(t, damageTree(t), "-noI", "-noD", "-noF", "-noX", "-noId")
}

// packed returns the bytes of an image of tree with small blocks, the same ones each time.
func packed(t testing.TB, tree string, args ...string) []byte {
	t.Helper()
	args = append(args, "-b", "4K", "-nopad", "-all-root", "-all-time", "0", "-mkfs-time", "0")
	image, err := os.ReadFile(squashtest.Make(t, tree, args...))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// What an image of some 60 KiB, whatever it says, may cost while explore looks at all of it, with a
// cache of exploreCache bytes.
const (
	maxExploreAlloc = 4 << 20 // bytes of memory, one behind the other
	maxExploreReads = 400     // of the source
)

// TestDamagedFields sets each field of an image, one after the other, to what a damaged or a hostile
// one may have there.
func TestDamagedFields(t *testing.T) {
	image := plainImage(t)
	a := dissect(t, image)
	fields := a.sample()
	for _, kind := range kinds[1:] {
		a.named(kind + ": kind")
		a.named("extended " + kind + ": kind")
	}
	a.named("extended dir: index: name size")
	a.named("xattr: value reference")
	tried := 0
	for _, f := range fields {
		for _, v := range a.values(f) {
			tried++
			damaged := bytes.Clone(image)
			f.put(damaged, v)
			if err := exploreWithin(t, damaged, maxExploreAlloc, maxExploreReads); err != nil {
				t.Errorf("%v set from %#x to %#x: %v", f, f.value(image), v, err)
			}
		}
	}
	if t.Logf("%d images with %d fields of %d", tried, len(fields), len(a.fields)); tried < 5000 {
		t.Errorf("only %d images", tried)
	}
}

// exploreWithin explores image and holds what that costs to limits, alloc in bytes.
func exploreWithin(t testing.TB, image []byte, alloc uint64, reads int64) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e := explore(t.Context(), image)
	runtime.ReadMemStats(&after)
	err := e.err()
	if n := after.TotalAlloc - before.TotalAlloc; n > alloc {
		err = errors.Join(err, fmt.Errorf("%d bytes of memory, want at most %d", n, alloc))
	}
	if n := e.src.Reads(); n > reads {
		err = errors.Join(err, fmt.Errorf("%d reads, want at most %d", n, reads))
	}
	return err
}

// values returns what f is to be set to: the ends of what it can hold, the end of the image, f's own
// place and those of the tables, each also as the tables count it and as a reference.
func (a *anatomy) values(f field) []uint64 {
	if f.text {
		return []uint64{0, '/', '.', 0xff}
	}
	now, end := f.value(a.image), uint64(len(a.image))
	list := []uint64{0, 1, 2, now - 1, now + 1, now ^ 1<<15, now ^ 1<<24, 1 << 31, ^uint64(0), ^uint64(0) - 1, ^uint64(0) >> 1}
	places := []uint64{end - 1, end, end + 1, uint64(f.bytes[0])}
	for _, table := range a.tables {
		places = append(places, uint64(table))
	}
	for _, base := range []string{"", "inode", "directory", "keys"} {
		for _, p := range places {
			list = append(list, p-uint64(a.tables[base]))
			if len(f.bytes) == 8 {
				list = append(list, (p-uint64(a.tables[base]))<<16)
			}
		}
	}
	for i := range list {
		list[i] &= 1<<(8*len(f.bytes)) - 1
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(v uint64) bool { return v == now })
}
