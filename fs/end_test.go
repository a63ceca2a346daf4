package fs_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
)

// lone mounts in a file system of its own, from which mounts can be moved, and leaves it to the test to
// end it.
func lone(t *testing.T) (dir string, run state.Dir, who state.Record) {
	t.Helper()
	base := mountpoint(t)
	dir = filepath.Join(base, "parent/mnt")
	cover(t, base)
	t.Cleanup(func() { _ = unix.Unmount(base, unix.MNT_DETACH) })
	if err := errors.Join(unix.Mount("", base, "", unix.MS_PRIVATE, ""), os.MkdirAll(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := holder.Mount(t.Context(), specOf(t, dir, job{Image: small(t)})); err != nil {
		t.Fatal(err)
	}
	run, err := state.Find(dir)
	if err == nil {
		who, err = run.Read()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if log, err := os.ReadFile(run.Log()); err == nil && t.Failed() {
			t.Logf("log of holder and worker:\n%s", log)
		}
	})
	return dir, run, who
}

// terminate sends SIGTERM to a holder.
func terminate(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func cover(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mount("over", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
}

// uncover is for covers of a mount that is not to be unmounted itself.
func uncover(t *testing.T, dir string) {
	t.Helper()
	if at, found, err := state.MountAt(dir); err != nil || !found || at.Type != "tmpfs" {
		t.Fatalf("what covers %s is %+v, %v, want a tmpfs", dir, at, err)
	}
	if err := unix.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
}

// awaitLog waits until the log of a mount has text.
func awaitLog(t *testing.T, run state.Dir, text string) {
	t.Helper()
	for {
		log, err := os.ReadFile(run.Log())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(log), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSignalWhileCovered: a mount that something lies over, or over a directory above it, says so and ends
// when that has gone.
func TestSignalWhileCovered(t *testing.T) {
	for name, where := range map[string]func(string) string{
		"itself":    func(dir string) string { return dir },
		"directory": filepath.Dir,
	} {
		t.Run(name, func(t *testing.T) {
			dir, run, who := lone(t)
			ended := watch(t, who.HolderPID, who.WorkerPID)
			cover(t, where(dir))
			terminate(t, who.HolderPID)
			awaitLog(t, run, "mounted over it")
			uncover(t, where(dir))
			ended()
			nothingLeft(t, dir)
		})
	}
}

// TestSignalsWhileCovered: a second signal does not wait, and what is left is known to be dead.
func TestSignalsWhileCovered(t *testing.T) {
	dir, run, who := lone(t)
	ended := watch(t, who.HolderPID, who.WorkerPID)
	cover(t, dir)
	terminate(t, who.HolderPID)
	awaitLog(t, run, "mounted over it")
	terminate(t, who.HolderPID)
	ended()
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Dead {
		t.Errorf("status = %+v, %v, want dead", doc, err)
	}
	uncover(t, dir)
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Dead {
		t.Errorf("status = %+v, %v, want dead", doc, err)
	}
	if err := holder.Unmount(t.Context(), dir); err != nil {
		t.Errorf("Unmount = %v", err)
	}
	nothingLeft(t, dir)
}

// moves are ways of a mount to another place.
var moves = map[string]func(t *testing.T, dir string) (now string){
	"renamed": func(t *testing.T, dir string) string {
		parent := filepath.Dir(dir)
		if err := os.Rename(parent, parent+"-renamed"); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(parent+"-renamed", filepath.Base(dir))
	},
	"moved": func(t *testing.T, dir string) string {
		now := dir + "-moved"
		if err := errors.Join(os.Mkdir(now, 0o755), unix.Mount(dir, now, "", unix.MS_MOVE, "")); err != nil {
			t.Fatal(err)
		}
		return now
	},
}

// TestSignalAfterMove: the mount is unmounted where it is.
func TestSignalAfterMove(t *testing.T) {
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			dir, _, who := lone(t)
			ended := watch(t, who.HolderPID, who.WorkerPID)
			now := move(t, dir)
			terminate(t, who.HolderPID)
			ended()
			nothingLeft(t, now)
			nothingLeft(t, dir)
		})
	}
}

// TestMoved: whoever asks for a mount at its new place gets it, and its old one can be used again.
func TestMoved(t *testing.T) {
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			dir, _, who := lone(t)
			ended := watch(t, who.HolderPID, who.WorkerPID)
			now := move(t, dir)
			if doc, err := status.Of(t.Context(), now); err != nil || doc.State != status.Serving || doc.Mountpoint != now || doc.HolderPID != who.HolderPID {
				t.Errorf("status = %+v, %v, want holder %d serving at %s", doc, err, who.HolderPID, now)
			}
			if mine, err := holder.Mine(); err != nil || !slices.Contains(mine, now) || slices.Contains(mine, dir) {
				t.Errorf("Mine = %q, %v, want %s", mine, err, now)
			}
			if err := errors.Join(os.MkdirAll(dir, 0o755), holder.Mount(t.Context(), specOf(t, dir, job{Image: small(t)}))); err != nil {
				t.Fatal(err)
			}
			if err := holder.Upgrade(t.Context(), now, program(t)); err != nil {
				t.Errorf("Upgrade = %v", err)
			}
			states := map[string]string{}
			docs, err := status.All(t.Context())
			for _, d := range docs {
				states[d.Mountpoint] = d.State
			}
			if states[dir] != status.Serving || states[now] != status.Serving {
				t.Errorf("status of all = %q, %v, want both serving", states, err)
			}
			for _, place := range []string{now, dir} {
				if err := holder.Unmount(t.Context(), place); err != nil {
					t.Errorf("Unmount = %v", err)
				}
				nothingLeft(t, place)
			}
			ended()
		})
	}
}

// TestKilledAfterMove: what is left at the new place is known to be dead, and can be cleared there.
func TestKilledAfterMove(t *testing.T) {
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			dir, run, who := lone(t)
			ended := watch(t, who.HolderPID, who.WorkerPID)
			now := move(t, dir)
			kill(t, who.HolderPID)
			ended()
			if doc, err := status.Of(t.Context(), now); err != nil || doc.State != status.Dead || doc.Mountpoint != now {
				t.Errorf("status = %+v, %v, want dead at %s", doc, err, now)
			}
			if err := holder.Unmount(t.Context(), now); err != nil {
				t.Errorf("Unmount = %v", err)
			}
			nothingLeft(t, now)
			if _, err := os.Stat(string(run)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("run directory of a dead mount that was cleared: %v, want none", err)
			}
		})
	}
}

// abort aborts the connection of a mount, as an administrator does.
func abort(t *testing.T, device string) {
	t.Helper()
	control := mountpoint(t)
	if err := unix.Mount("none", control, "fusectl", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(control, 0)
	_, minor, _ := strings.Cut(device, ":")
	if err := os.WriteFile(filepath.Join(control, minor, "abort"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
}

// TestAborted: a mount whose connection was aborted is taken away, in use or not, and status and log say
// why. If it is covered it is left, dead.
func TestAborted(t *testing.T) {
	tests := map[string]struct{ used, covered bool }{"idle": {}, "in use": {used: true}, "covered": {covered: true}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir, run, who := lone(t)
			ended := watch(t, who.HolderPID, who.WorkerPID)
			if tt.used {
				f, err := os.Open(filepath.Join(dir, "f"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
			}
			if tt.covered {
				cover(t, dir)
			}
			abort(t, who.Device)
			ended()
			if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Dead {
				t.Errorf("status = %+v, %v, want dead", doc, err)
			}
			awaitLog(t, run, "aborted the connection")
			if tt.covered {
				awaitLog(t, run, "mounted over it")
				uncover(t, dir)
			} else if at, found, err := state.MountAt(dir); err != nil || found {
				t.Errorf("%+v is still there, %v", at, err)
			}
			if err := holder.Unmount(t.Context(), dir); err != nil {
				t.Errorf("Unmount = %v", err)
			}
			nothingLeft(t, dir)
		})
	}
}

// TestForcedUnmount: umount -f is an unmount like any other.
func TestForcedUnmount(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	ended := watch(t, who.HolderPID, who.WorkerPID)
	command(t, "umount", "-f", dir)
	ended()
	nothingLeft(t, dir)
}
