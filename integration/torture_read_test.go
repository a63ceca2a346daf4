package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/verify"
)

// tally counts what came of one kind of reads. Its methods may be called concurrently.
type tally struct {
	mu     sync.Mutex
	right  int64                   // guarded by mu
	failed map[fetch.Verdict]int64 // guarded by mu
}

// add counts n reads that ended with a verdict, or with the right bytes if it is "".
func (c *tally) add(v fetch.Verdict, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v == "" {
		c.right += n
		return
	}
	if c.failed == nil {
		c.failed = map[fetch.Verdict]int64{}
	}
	c.failed[v] += n
}

func (c *tally) count() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.right
	for _, failed := range c.failed {
		n += failed
	}
	return n
}

// String is for when nobody counts any more.
func (c *tally) String() string {
	var failed []string
	for v, n := range c.failed {
		failed = append(failed, fmt.Sprintf(", %d %s", n, v))
	}
	slices.Sort(failed)
	return fmt.Sprintf("%d: %d right%s", c.count(), c.right, strings.Join(failed, ""))
}

// read reads through the packages: a kernel would keep too much.
func (x *torture) read(t *testing.T, o *verify.Object) {
	for x.more() {
		off, n := span(len(x.want))
		p := make([]byte, n)
		err := o.ReadAt(context.Background(), p, int64(off))
		v := fetch.VerdictOf(err)
		switch {
		case err == nil && !bytes.Equal(p, x.want[off:][:n]):
			t.Errorf("ReadAt(%d+%d) gave other bytes than the published ones", off, n)
		case err != nil && v == "", err != nil && x.versioned:
			t.Errorf("ReadAt(%d+%d) = %v", off, n, err)
		}
		x.reads.add(v, 1)
	}
}

// span is a random range of size bytes, of any order of magnitude up to 1 MiB.
func span(size int) (off, n int) {
	n = min(1+rand.IntN(1<<rand.IntN(21)), size)
	return rand.IntN(size - n + 1), n
}

// readMounts reads through real mounts. A mount keeps in memory what it has verified, which soon would be
// all of this image: so it is made anew after a few reads.
func (x *torture) readMounts(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		if isMounted(t, dir) {
			x.u.ok("umount", dir)
		}
	})
	verdicts := map[int]fetch.Verdict{
		0: "", overwritten: fetch.ErrOverwritten, broken: fetch.ErrCorrupt, unavailable: fetch.ErrUnavailable,
	}
	for x.more() {
		r := x.u.run("mount", x.ref, dir)
		v, ok := verdicts[r.code]
		if !ok || v != "" && x.versioned || !strings.Contains(r.stderr, string(v)) {
			t.Errorf("pinfs mount: exit %d, %s", r.code, r.stderr)
		}
		x.mounts.add(v, 1)
		if r.code == 0 {
			x.readMount(t, dir)
			x.u.ok("umount", dir)
		}
	}
}

// readMount reads from a few files of a mount, and asks it why if a read failed.
func (x *torture) readMount(t *testing.T, dir string) {
	t.Helper()
	failed := int64(0)
	for range 16 {
		name := "file" + strconv.Itoa(rand.IntN(tortureFiles))
		switch err := readPart(filepath.Join(dir, name), content(t, filepath.Join(x.tree, name))); {
		case err == nil:
			x.fileReads.add("", 1)
		case errors.Is(err, syscall.EIO) && !x.versioned:
			failed++
		default:
			t.Error(err)
		}
	}
	if failed == 0 {
		return
	}
	d := x.u.status(dir)
	if len(d.Errors) == 0 {
		t.Errorf("%d reads of a mount failed, of which its status does not know: %+v", failed, d)
		return
	}
	x.fileReads.add(d.Errors[0].Verdict, failed)
}

// readPart reads a random range of a file of which the kernel has nothing in its cache.
func readPart(name string, want []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return err
	}
	off, n := span(len(want))
	p := make([]byte, n)
	if _, err := f.ReadAt(p, int64(off)); err != nil {
		return err
	}
	if !bytes.Equal(p, want[off:][:n]) {
		return fmt.Errorf("%s: bytes %d+%d are other than the published ones", name, off, n)
	}
	return nil
}
