package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// library fills a directory with files of many sizes, each of its own bytes.
func library(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir, files = t.TempDir(), map[string][]byte{}
	for i := range 400 {
		name := fmt.Sprintf("d%d/s%d/f%d", i%7, i%3, i)
		files[name] = noise(uint64(i), i*i*11%300_000)
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, files[name], 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

// crew reads all files of a mount again and again, each time from the beginning, with many readers.
type crew struct {
	t      *testing.T
	ending atomic.Bool
	reads  atomic.Int64
	all    sync.WaitGroup
}

func newCrew(t *testing.T, dir string, files map[string][]byte, readers int) *crew {
	c := &crew{t: t}
	for range readers {
		c.all.Go(func() {
			for !c.ending.Load() {
				c.round(dir, files)
			}
		})
	}
	c.all.Go(func() {
		for !c.ending.Load() {
			_ = os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0) // else the kernel answers
			time.Sleep(20 * time.Millisecond)
		}
	})
	return c
}

func (c *crew) round(dir string, files map[string][]byte) {
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			c.t.Errorf("%s: %d bytes of %d, equal %v, %v", name, len(got), len(want), bytes.Equal(got, want), err)
			c.ending.Store(true)
		}
		c.reads.Add(1)
		if c.ending.Load() {
			return
		}
	}
	err := filepath.WalkDir(dir, func(_ string, _ iofs.DirEntry, err error) error { return err })
	if err != nil {
		c.t.Errorf("walk: %v", err)
	}
}

// end waits for the readers, and reports whether all was well.
func (c *crew) end() {
	c.t.Helper()
	c.ending.Store(true)
	c.all.Wait()
	c.t.Logf("%d files read", c.reads.Load())
}

// serving waits until a worker other than the one with pid old serves, and returns what is known.
func serving(t *testing.T, dir string, old int) status.Document {
	t.Helper()
	for {
		doc, err := status.Of(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if doc.State == status.Serving && doc.WorkerPID != old {
			return doc
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 { // which would mean others
		t.Fatalf("no process to kill: %d", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// ways are the two of handing over.
var ways = map[string]bool{"resend": false, "table": true}

// TestKilledWorkers kills the worker again and again: no reader may see anything of it.
//
// PINFS_TORTURE_KILLS is how often, once a second; default 8.
func TestKilledWorkers(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("PINFS_TORTURE_KILLS"))
	if kills == 0 {
		kills = 8
	}
	tree, files := library(t)
	for name, table := range ways {
		t.Run(name, func(t *testing.T) {
			dir, who := mount(t, job{Image: squashtest.Make(t, tree), Table: table})
			readers := newCrew(t, dir, files, 8)
			worker := who.WorkerPID
			for n := range kills {
				time.Sleep(time.Second)
				kill(t, worker)
				doc := serving(t, dir, worker)
				if doc.Restarts != n+1 || doc.LastEnd != fmt.Sprintf("worker %d: signal: killed", worker) || doc.HolderPID != who.HolderPID {
					t.Errorf("status after kill %d of %d: %+v", n+1, worker, doc)
				}
				worker = doc.WorkerPID
			}
			readers.end()
		})
	}
}

// TestKilledWhileReading: what the killed worker had begun to answer is answered by the next one.
func TestKilledWhileReading(t *testing.T) {
	for name, table := range ways {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t)
			dir, who := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Timeout: time.Hour, Table: table})
			o.set("hang")
			type result struct {
				b   []byte
				err error
			}
			results := make(chan result)
			for range 5 {
				go func() {
					b, err := os.ReadFile(filepath.Join(dir, "deep/a/b/c/d/large"))
					results <- result{b, err}
				}()
			}
			o.awaitHang()
			o.set("")
			kill(t, who.WorkerPID)
			for range 5 {
				if r := <-results; r.err != nil || !bytes.Equal(r.b, noise(1, 5<<20+123)) {
					t.Errorf("read = %d bytes, %v", len(r.b), r.err)
				}
			}
		})
	}
}

// TestKilledReaderOfAKilledWorker: the kernel had told the worker that died of the signal.
func TestKilledReaderOfAKilledWorker(t *testing.T) {
	for name, table := range ways {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t)
			dir, who := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Timeout: time.Hour, Table: table})
			o.set("hang")
			reader := startReader(t, filepath.Join(dir, "deep/a/b/c/d/large"))
			o.awaitHang()
			kill(t, who.WorkerPID)
			serving(t, dir, who.WorkerPID)
			o.awaitHang()
			if err := reader.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := reader.Wait(); !isExit(err) {
				t.Errorf("killed reader = %v", err)
			}
			o.set("")
		})
	}
}

// TestNoWorkerComesUp: readers wait as long as the mount's patience says, then get EIO, until a worker
// comes up after all.
func TestNoWorkerComesUp(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	if err := os.Rename(squashtest.Make(t, sample(t)), image); err != nil {
		t.Fatal(err)
	}
	dir := mountpoint(t)
	spec := specOf(t, dir, job{Image: image})
	spec.Patience = time.Second
	who := mountSpec(t, spec)
	if err := os.Rename(image, image+".away"); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	kill(t, who.WorkerPID)
	for range 3 {
		if _, err := os.ReadFile(filepath.Join(dir, "text")); !errors.Is(err, unix.EIO) {
			t.Errorf("read without a worker = %v, want EIO", err)
		}
	}
	doc, err := status.Of(t.Context(), dir)
	if err != nil || doc.State != status.Restarting || doc.WorkerPID != 0 {
		t.Errorf("status = %+v, %v, want restarting", doc, err)
	}
	if log, err := os.ReadFile(doc.Log); err != nil || !bytes.Contains(log, []byte("no worker has come up in time")) {
		t.Errorf("log = %q, %v", log, err)
	}
	if err := os.Rename(image+".away", image); err != nil {
		t.Fatal(err)
	}
	serving(t, dir, who.WorkerPID)
	if _, err := os.ReadFile(filepath.Join(dir, "text")); err != nil {
		t.Errorf("read with a new worker = %v", err)
	}
}

// TestDeadlyRequest: a request that every worker dies of, soon or after a while in which it serves
// others, ends with EIO, and the mount is well again.
func TestDeadlyRequest(t *testing.T) {
	for name, table := range ways {
		t.Run(name, func(t *testing.T) { deadlyRequest(t, "die", "no worker has come up in time", table) })
		t.Run(name+" slowly", func(t *testing.T) { deadlyRequest(t, "linger", "a request outlived its workers", table) })
	}
}

func deadlyRequest(t *testing.T, how, said string, table bool) {
	o, dir := newOrigin(t), mountpoint(t)
	spec := specOf(t, dir, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Table: table})
	spec.Patience = time.Second
	mountSpec(t, spec)
	large := filepath.Join(dir, "deep/a/b/c/d/large")
	if _, err := os.Stat(large); err != nil {
		t.Fatal(err)
	}
	o.set(how)
	if _, err := os.ReadFile(large); !errors.Is(err, unix.EIO) {
		t.Errorf("read = %v, want EIO", err)
	}
	o.set("")
	doc := serving(t, dir, 0)
	if b, err := os.ReadFile(large); err != nil || !bytes.Equal(b, noise(1, 5<<20+123)) {
		t.Errorf("read after that = %d bytes, %v", len(b), err)
	}
	if log, err := os.ReadFile(doc.Log); err != nil || !bytes.Contains(log, []byte(said)) {
		t.Errorf("log = %q, %v, want %q", log, err, said)
	}
}

// withoutWorker mounts, and takes away the worker and what the next one would need.
func withoutWorker(t *testing.T) (dir string, who state.Record) {
	t.Helper()
	image := small(t)
	dir, who = mount(t, job{Image: image})
	if err := os.Rename(image, image+".away"); err != nil {
		t.Fatal(err)
	}
	kill(t, who.WorkerPID)
	awaitState(t, dir, status.Restarting)
	return dir, who
}

func awaitState(t *testing.T, dir, want string) {
	t.Helper()
	for {
		doc, err := status.Of(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if doc.State == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestUnmountWithoutWorker(t *testing.T) {
	dir, who := withoutWorker(t)
	ended := watch(t, who.HolderPID)
	if err := holder.Unmount(t.Context(), dir); err != nil {
		t.Errorf("Unmount = %v", err)
	}
	ended()
	nothingLeft(t, dir)
}

func TestSignalWithoutWorker(t *testing.T) {
	dir, who := withoutWorker(t)
	ended := watch(t, who.HolderPID)
	if err := syscall.Kill(who.HolderPID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended()
	nothingLeft(t, dir)
}

// TestKilledWorkerOfADetachedMount: the next one does not get in the way of the mount that has the
// place now.
func TestKilledWorkerOfADetachedMount(t *testing.T) {
	image := small(t)
	dir, old := mount(t, job{Image: image})
	f, err := os.Open(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := holder.Detach(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	who := mountSpec(t, specOf(t, dir, job{Image: image}))
	kill(t, old.WorkerPID)
	dropCaches(t)
	if b, err := io.ReadAll(f); err != nil || string(b) != "bytes" {
		t.Errorf("read of the detached mount = %q, %v", b, err)
	}
	if err := unix.Fstat(int(f.Fd()), new(unix.Stat_t)); err != nil {
		t.Error(err)
	}
	docs, err := status.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, d := range docs {
		if d.Mountpoint == dir {
			states = append(states, fmt.Sprint(d.State, d.HolderPID))
		}
	}
	slices.Sort(states)
	if want := []string{fmt.Sprint(status.Detached, old.HolderPID), fmt.Sprint(status.Serving, who.HolderPID)}; !slices.Equal(states, want) {
		t.Errorf("states %q, want %q", states, want)
	}
	ended := watch(t, old.HolderPID)
	f.Close()
	ended()
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Serving || doc.WorkerPID != who.WorkerPID {
		t.Errorf("status of the new mount = %+v, %v", doc, err)
	}
}

// TestKilledHolderWithoutWorker: who waits for a worker that never comes is not left waiting.
func TestKilledHolderWithoutWorker(t *testing.T) {
	dir, who := withoutWorker(t)
	result := make(chan error)
	go func() { _, err := os.ReadFile(filepath.Join(dir, "f")); result <- err }()
	kill(t, who.HolderPID)
	if err := <-result; !errors.Is(err, unix.ENOTCONN) && !errors.Is(err, unix.ECONNABORTED) {
		t.Errorf("read = %v, want ENOTCONN or ECONNABORTED", err)
	}
	if err := holder.Unmount(t.Context(), dir); err != nil {
		t.Errorf("Unmount = %v", err)
	}
}
