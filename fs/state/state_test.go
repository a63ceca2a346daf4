package state_test

import (
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fs/state"
)

func TestClaim(t *testing.T) {
	mountpoint := t.TempDir()
	c, err := state.New(mountpoint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.New(mountpoint); !errors.Is(err, state.ErrHeld) {
		t.Errorf("second New = %v, want ErrHeld", err)
	}
	want := state.Record{Mountpoint: mountpoint, HolderPID: 1, WorkerPID: 2, Started: time.Now().UTC().Round(0)}
	if err := c.Write(want); err != nil {
		t.Fatal(err)
	}
	dir, err := state.Find(mountpoint)
	if err != nil || dir != c.Dir {
		t.Fatalf("Find = %q, %v, want %q", dir, err, c.Dir)
	}
	if got, err := dir.Read(); err != nil || got != want {
		t.Errorf("Read = %+v, %v, want %+v", got, err, want)
	}
	if !dir.Held() {
		t.Error("Held = false while claimed")
	}
	if err := c.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Find(mountpoint); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("Find after Remove = %v, want ErrNotExist", err)
	}
}

func TestAbandonKeepsTheLogUntilTheNextClaim(t *testing.T) {
	mountpoint := t.TempDir()
	c, err := state.New(mountpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Write(state.Record{Mountpoint: mountpoint}), os.WriteFile(c.Dir.Log(), []byte("why"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := c.Abandon(); err != nil {
		t.Fatal(err)
	}
	if c.Dir.Held() {
		t.Error("Held = true after Abandon")
	}
	if b, err := os.ReadFile(c.Dir.Log()); err != nil || string(b) != "why" {
		t.Errorf("log = %q, %v after Abandon", b, err)
	}
	next, err := state.New(mountpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Remove()
	if _, err := next.Dir.Read(); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("Read after a new claim = %v, want ErrNotExist", err)
	}
}

func TestResolve(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	target, link := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := errors.Join(os.Mkdir(target, 0o755), os.Symlink("a", link)); err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{target, link, link + "/", dir + "/./a/../b"} {
		if got, err := state.Resolve(in); err != nil || got != target {
			t.Errorf("Resolve(%q) = %q, %v, want %q", in, got, err, target)
		}
	}
	if _, err := state.Resolve(dir + "/none"); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("Resolve of a missing path = %v, want ErrNotExist", err)
	}
}

func TestMend(t *testing.T) {
	mountpoint := t.TempDir()
	c, err := state.New(mountpoint)
	if err != nil {
		t.Fatal(err)
	}
	want := state.Record{Mountpoint: mountpoint, HolderPID: 1}
	for _, gone := range []string{".", "lock", "state"} {
		if err := errors.Join(c.Write(want), os.RemoveAll(filepath.Join(string(c.Dir), gone))); err != nil {
			t.Fatal(err)
		}
		if removed, err := c.Mend(); err != nil || !removed {
			t.Errorf("Mend without %s = %v, %v, want true", gone, removed, err)
		}
		if err := c.Write(want); err != nil {
			t.Errorf("Write = %v", err)
		}
		if removed, err := c.Mend(); err != nil || removed {
			t.Errorf("Mend of what is there = %v, %v, want false", removed, err)
		}
		if _, err := state.New(mountpoint); !errors.Is(err, state.ErrHeld) {
			t.Errorf("New = %v, want ErrHeld", err)
		}
	}
	if err := c.Remove(); err != nil {
		t.Error(err)
	}
}

// TestRemoveOfWhatWasRemoved: another claim on the mountpoint is left alone.
func TestRemoveOfWhatWasRemoved(t *testing.T) {
	mountpoint := t.TempDir()
	old, err := state.New(mountpoint)
	if err == nil {
		err = os.RemoveAll(string(old.Dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := state.New(mountpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Remove()
	if err := old.Write(state.Record{}); err == nil {
		t.Error("Write into another's run directory = nil")
	}
	if err := old.Remove(); err != nil {
		t.Error(err)
	}
	if !c.Dir.Held() {
		t.Error("the new claim is gone")
	}
}
