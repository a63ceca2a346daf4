package holder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
)

const (
	endSoon   = 5 * time.Second  // more than two processes usually need to end once nobody uses their mount
	endWithin = 30 * time.Second // far longer than that
)

// Unmount takes the mount at dir away and returns when its processes have ended. A dead mount is
// taken away too. The error matches fetch.ErrNotFound if nothing is mounted there and
// fetch.ErrConflict if it is in use or not of pinfs.
func Unmount(ctx context.Context, dir string) error {
	mountpoint, err := ours(dir)
	if err != nil || mountpoint == "" {
		return err
	}
	record, processes := behind(mountpoint)
	defer processes.close()
	if err := release(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if err := awaitEnd(ctx, record, processes); err != nil {
		return err
	}
	return sweep(mountpoint)
}

// awaitEnd waits for the processes of a mount that has just been unmounted, unless it lives on
// elsewhere. That is only looked at when they do not end soon: the kernel may have given the device's
// number to another mount already.
func awaitEnd(ctx context.Context, record state.Record, processes processes) error {
	for _, limit := range []time.Duration{endSoon, endWithin} {
		waiting, cancel := context.WithTimeout(ctx, limit)
		err := processes.wait(waiting)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case state.Mounted(record.Device, record.Source):
			return fmt.Errorf("%w: %s is unmounted here, but in use elsewhere, through a bind mount or in another mount namespace; its processes end with the last user",
				fetch.ErrConflict, record.Mountpoint)
		}
	}
	return fmt.Errorf("%s is unmounted, but its processes do not end: holder %d, worker %d", record.Mountpoint, record.HolderPID, record.WorkerPID)
}

// Detach takes the mount at dir away at once though it may be in use. Who has files open there keeps
// them; the processes end with the last of these.
func Detach(ctx context.Context, dir string) error {
	mountpoint, err := ours(dir)
	if err != nil || mountpoint == "" {
		return err
	}
	_, processes := behind(mountpoint)
	defer processes.close()
	if err := detach(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if len(processes) > 0 {
		return nil // the holder sweeps
	}
	return sweep(mountpoint)
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
			return "", sweep(mountpoint)
		}
		return "", fmt.Errorf("%w: nothing is mounted at %s", fetch.ErrNotFound, mountpoint)
	case m.Type != state.FSType:
		return "", fmt.Errorf("%w: the mount at %s is of type %s, not of pinfs", fetch.ErrConflict, mountpoint, m.Type)
	}
	return mountpoint, nil
}

// behind returns who keeps a mount, and those of its processes that live.
func behind(mountpoint string) (state.Record, processes) {
	run, err := state.Find(mountpoint)
	if err != nil || !run.Held() {
		return state.Record{}, nil
	}
	record, err := run.Read()
	if err != nil {
		return state.Record{}, nil
	}
	return record, openProcesses(record.HolderPID, record.WorkerPID)
}

// sweep removes what a dead holder left in the run directory, unless somebody mounts there again.
func sweep(mountpoint string) error {
	if _, err := state.Find(mountpoint); err != nil {
		return nil
	}
	claim, err := state.New(mountpoint)
	if errors.Is(err, state.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	return claim.Remove()
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
