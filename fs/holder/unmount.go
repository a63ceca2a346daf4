package holder

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
)

// Unmount takes the mount at dir away and returns when its processes have ended. A dead mount is
// taken away too. The error matches fetch.ErrNotFound if nothing is mounted there and
// fetch.ErrConflict if it is in use or not of pinfs.
func Unmount(ctx context.Context, dir string) error {
	mountpoint, err := ours(dir)
	if err != nil || mountpoint == "" {
		return err
	}
	run, processes := behind(mountpoint)
	defer processes.close()
	if err := release(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if err := processes.wait(ctx); err != nil {
		return fmt.Errorf("%s is unmounted, but its processes have not ended: %w", mountpoint, err)
	}
	return sweep(run)
}

// Detach takes the mount at dir away at once though it may be in use. Who has files open there keeps
// them; the processes end with the last of these.
func Detach(ctx context.Context, dir string) error {
	mountpoint, err := ours(dir)
	if err != nil || mountpoint == "" {
		return err
	}
	run, processes := behind(mountpoint)
	defer processes.close()
	if err := detach(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if len(processes) > 0 {
		return nil // the holder sweeps
	}
	return sweep(run)
}

// ours returns the mountpoint that dir names if pinfs has mounted there, and "" if it had only a run
// directory to clear, of a mount whose worker died.
func ours(dir string) (string, error) {
	mountpoint, err := resolve(dir)
	if err != nil {
		return "", err
	}
	m, found, err := state.MountAt(mountpoint)
	switch {
	case err != nil:
		return "", err
	case !found:
		if run, err := state.Find(mountpoint); err == nil && !run.Held() {
			return "", sweep(run)
		}
		return "", fmt.Errorf("%w: nothing is mounted at %s", fetch.ErrNotFound, mountpoint)
	case m.Type != state.FSType:
		return "", fmt.Errorf("%w: the mount at %s is of type %s, not of pinfs", fetch.ErrConflict, mountpoint, m.Type)
	}
	return mountpoint, nil
}

// behind returns the run directory of a mount, empty if there is none, and its live processes.
func behind(mountpoint string) (state.Dir, processes) {
	run, err := state.Find(mountpoint)
	if err != nil || !run.Held() {
		return run, nil
	}
	record, err := run.Read()
	if err != nil {
		return run, nil
	}
	return run, openProcesses(record.HolderPID, record.WorkerPID)
}

// sweep removes what a dead holder left in the run directory.
func sweep(run state.Dir) error {
	if run == "" || run.Held() {
		return nil
	}
	return os.RemoveAll(string(run))
}

// refused says why the kernel did not unmount, and who is in the way.
func refused(mountpoint string, err error) error {
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %s is in use%s: end that, or use: pinfs umount --lazy %s",
			fetch.ErrConflict, mountpoint, usersOf(mountpoint), mountpoint)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: only the user who mounted it, or root, can unmount it", mountpoint)
	}
	return fmt.Errorf("unmount %s: %w", mountpoint, err)
}
