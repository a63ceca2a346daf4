package fs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// watched mounts with a watchdog that looks all the time.
func watched(t *testing.T, j job) (dir string, first state.Record) {
	t.Helper()
	dir = mountpoint(t)
	spec := specOf(t, dir, j)
	spec.Look, spec.Patience = 10*time.Millisecond, 200*time.Millisecond
	if err := holder.Mount(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	run, err := state.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if first, err = run.Read(); err != nil {
		t.Fatal(err)
	}
	return dir, first
}

// TestStoppedWorker has a worker stop, as one that hangs: another one takes its place, and readers get
// their bytes.
func TestStoppedWorker(t *testing.T) {
	dir, first := watched(t, job{Image: squashtest.Make(t, sample(t))})
	ended := watch(t, first.HolderPID)
	defer ended()
	defer holder.Unmount(context.Background(), dir)
	if err := unix.Kill(first.WorkerPID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	dropCaches(t)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			if b, err := os.ReadFile(filepath.Join(dir, "hello")); err != nil || string(b) != "hello\n" {
				t.Errorf("hello = %q, %v", b, err)
			}
		})
	}
	readers.Wait()
	d, err := status.Of(t.Context(), dir)
	for err == nil && d.WorkerPID == 0 {
		d, err = status.Of(t.Context(), dir)
	}
	if err != nil || d.WorkerPID == first.WorkerPID || d.Restarts != 1 {
		t.Errorf("status %+v, %v, want another worker than %d", d, err, first.WorkerPID)
	}
}

// deaf is a server that never reads a request.
type deaf struct{ holder.Server }

func (deaf) Serve(ctx context.Context, _ inflight.Conn, ready func()) error {
	ready()
	<-ctx.Done()
	return context.Cause(ctx)
}

// TestDeafWorkers has each worker but the first be deaf, and that one stop: readers are told, again and
// again, and the mount can be taken away.
func TestDeafWorkers(t *testing.T) {
	dir, first := watched(t, job{Image: squashtest.Make(t, sample(t)), Deaf: true})
	ended := watch(t, first.HolderPID)
	if err := unix.Kill(first.WorkerPID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if b, err := os.ReadFile(filepath.Join(dir, "hello")); !errors.Is(err, unix.EIO) {
			t.Errorf("hello = %q, %v, want EIO", b, err)
		}
	}
	if err := holder.Unmount(context.Background(), dir); err != nil {
		t.Errorf("Unmount: %v", err)
	}
	ended()
	nothingLeft(t, dir)
}
