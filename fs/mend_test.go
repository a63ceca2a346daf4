package fs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
)

// remove takes the run directory of the mount at dir away, as one does who tidies up /run.
func remove(t *testing.T, dir string) {
	t.Helper()
	run, err := state.Find(dir)
	if err == nil {
		err = os.RemoveAll(string(run))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// known waits until status knows the mount at dir, with a worker other than old.
func known(t *testing.T, dir string, old int) status.Document {
	t.Helper()
	for {
		if doc, err := status.Of(t.Context(), dir); err == nil && doc.State == status.Serving && doc.WorkerPID != old {
			return doc
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestRemovedRunDirectory: it comes back by itself, with a worker that answers in it.
func TestRemovedRunDirectory(t *testing.T) {
	dir := mountpoint(t)
	spec := specOf(t, dir, job{Image: small(t)})
	spec.Look = 50 * time.Millisecond
	who := mountSpec(t, spec)
	remove(t, dir)
	doc := known(t, dir, who.WorkerPID)
	if doc.HolderPID != who.HolderPID || doc.Restarts != 0 {
		t.Errorf("status %+v, want holder %d and no restart", doc, who.HolderPID)
	}
	if log, err := os.ReadFile(doc.Log); err != nil || len(log) == 0 {
		t.Errorf("log = %q, %v", log, err)
	}
	if err := holder.Upgrade(t.Context(), dir, program(t)); err != nil {
		t.Errorf("Upgrade = %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
		t.Errorf("read = %q, %v", b, err)
	}
}

// TestKilledWorkerWithoutRunDirectory: the next one comes up all the same.
func TestKilledWorkerWithoutRunDirectory(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	remove(t, dir)
	kill(t, who.WorkerPID)
	dropCaches(t)
	if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
		t.Errorf("read = %q, %v", b, err)
	}
	if doc := known(t, dir, who.WorkerPID); doc.Restarts != 1 {
		t.Errorf("status %+v, want one restart", doc)
	}
}

// TestUnmountWithoutRunDirectory takes nothing away from the mount that has the place meanwhile.
func TestUnmountWithoutRunDirectory(t *testing.T) {
	dir, old := mount(t, job{Image: small(t)})
	f, err := os.Open(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	remove(t, dir)
	if err := holder.Detach(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	who := mountSpec(t, specOf(t, dir, job{Image: small(t)}))
	ended := watch(t, old.HolderPID)
	f.Close()
	ended()
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Serving || doc.WorkerPID != who.WorkerPID {
		t.Errorf("status of the new mount = %+v, %v", doc, err)
	}
}
