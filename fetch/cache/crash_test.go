package cache

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childDir names the cache that a child process of TestKilledWriter fills.
const childDir = "PINFS_TEST_CACHE_DIR"

// TestFillForever is that child: it reads an image over and over and drops it between, and says so.
func TestFillForever(t *testing.T) {
	path := os.Getenv(childDir)
	if path == "" {
		return // not the child
	}
	d, s := dirAt(t, path, Config{}), newSample(t, 70, 1)
	o := s.open(t, d)
	for {
		for index := range int64(70) {
			o.read(t, index*37%70*leaf, 1)
			fmt.Println("stored")
		}
		if _, err := d.prune(3 << 20); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledWriter kills a process that fills a cache at many moments: what it leaves is right, and
// the next one goes on with it.
func TestKilledWriter(t *testing.T) {
	path, s := filepath.Join(t.TempDir(), "cache"), newSample(t, 70, 1)
	for _, after := range []int{1, 2, 3, 5, 8, 13, 69, 70, 71, 72, 75, 90, 140, 141, 150, 211} {
		fillAndKill(t, path, after)
		d := dirAt(t, path, Config{})
		if c, err := d.Verify(t.Context(), s.built.Pin(), nil); err != nil || c.Damaged+c.Unknown != 0 || c.Right == 0 {
			t.Errorf("killed after %d leaves: %+v, %v", after, c, err)
		}
		s.open(t, d).all(t)
		if info := d.Info(s.built.Pin()); !info.Complete() {
			t.Errorf("killed after %d leaves, then read: %+v, want a complete image", after, info)
		}
		unlink(t, path)
	}
}

// fillAndKill ends a child without warning once it has stored so many leaves.
func fillAndKill(t *testing.T, path string, leaves int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestFillForever$")
	child.Env = append(os.Environ(), childDir+"="+path)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); leaves > 0 && lines.Scan(); leaves-- {
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil || leaves > 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

// smallDisk mounts a file system of some bytes, and returns a directory for a cache in it.
func smallDisk(t *testing.T, size int64) (disk, path string) {
	t.Helper()
	disk = t.TempDir()
	if err := unix.Mount("pinfs-test", disk, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("mount (the tests want root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk, filepath.Join(disk, "cache")
}

// TestSmallDisk has a file system that is smaller than the image: part of it stays free, and reads go on.
func TestSmallDisk(t *testing.T) {
	disk, path := smallDisk(t, 16<<20)
	d, s := dirAt(t, path, Config{Size: 1 << 40}), newSample(t, 200, 1)
	d.cfg.Free = 0.25
	o := s.open(t, d)
	for range 2 {
		for off := int64(0); off < o.Size(); off += leaf {
			o.read(t, off, 1)
			if free := freePart(t, disk); free < 0.2 {
				t.Fatalf("%.0f %% of the disk are free, want about a quarter", 100*free)
			}
		}
	}
	if info := d.Info(s.built.Pin()); info.Leaves == 0 {
		t.Error("nothing is cached")
	}
}

func freePart(t *testing.T, disk string) float64 {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	return float64(st.Bavail) / float64(st.Blocks)
}

// TestFullAndReadOnlyDisk has others fill the disk, and then makes it read-only: reads go on, the disk
// is left alone, and used again once it can be.
func TestFullAndReadOnlyDisk(t *testing.T) {
	disk, path := smallDisk(t, 16<<20)
	d, s := dirAt(t, path, Config{}), newSample(t, 50, 1)
	o := s.open(t, d)
	o.read(t, 0, 1)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	unusable := func(what string) {
		t.Helper()
		o.all(t)
		if o.image.disk.usable() {
			t.Errorf("%s: the disk counts as usable", what)
		}
		o.image.disk.until = time.Time{} // some time later
	}
	filler := filepath.Join(disk, "filler")
	must(os.WriteFile(filler, nil, 0o600))
	f, err := os.OpenFile(filler, os.O_WRONLY, 0)
	must(err)
	for p := make([]byte, 4096); ; {
		if _, err := f.Write(p); err != nil {
			break
		}
	}
	must(f.Close())
	o.all(t)
	o.image.disk.until = time.Time{} // some time later
	must(os.Remove(filler))
	o.all(t)
	if info := d.Info(s.built.Pin()); !info.Complete() {
		t.Errorf("with room again %+v, want a complete image", info)
	}

	o.image.Close() // or it could not be made read-only
	unlink(t, d.of(s.built.Pin()))
	must(unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	unusable("read-only")
	must(unix.Mount("", disk, "", unix.MS_REMOUNT, ""))
	o.all(t)
	if info := d.Info(s.built.Pin()); !info.Complete() {
		t.Errorf("when it can be written again %+v, want a complete image", info)
	}
}

// TestStoppedHolderOfTheLock has another process stop while it changes an image: what is cached is read
// all the same, without a source.
func TestStoppedHolderOfTheLock(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 70, 1)
	s.open(t, d).all(t)
	age(t, d, s.built.Pin(), 1000) // so that readers would note that they were here
	f, err := openFiles(d.of(s.built.Pin()), s.built.Pin(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := lock(f.state.File); err != nil {
		t.Fatal(err)
	}
	s.offline()
	o := s.open(t, dirAt(t, d.Path(), Config{}))
	var readers sync.WaitGroup
	for i := range int64(20) {
		readers.Go(func() {
			for index := range int64(70) {
				o.read(t, (index+i*3)%70*leaf, 1)
			}
		})
	}
	readers.Wait()
	if !o.image.disk.usable() {
		t.Error("a lock that is held counts as a broken disk")
	}
}

// TestHangingDisk has the disk hang where a mount begins, and where it ends: neither does.
func TestHangingDisk(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 10, 1)
	s.open(t, d).all(t)
	manifest := filepath.Join(d.of(s.built.Pin()), "manifest")
	if err := errors.Join(os.Remove(manifest), unix.Mkfifo(manifest, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Head(s.built.Pin()); !errors.Is(err, errSlow) {
		t.Errorf("Head = %v, want %v", err, errSlow)
	}
	d.Close() // while that still hangs
	if ended(&d.running) {
		t.Error("nothing hangs, the test shows nothing")
	}
	w, err := os.OpenFile(manifest, os.O_WRONLY, 0) // ends it
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	d.running.Wait()
}
