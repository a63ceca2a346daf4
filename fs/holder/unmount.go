package holder

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	run, record, processes := behind(mountpoint)
	defer processes.close()
	if err := release(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if err := awaitEnd(ctx, mountpoint, record, processes); err != nil {
		return err
	}
	return run.Sweep()
}

// awaitEnd waits for the processes of a mount that has just been unmounted, unless it lives on
// elsewhere. That is only looked at when they do not end soon: the kernel may have given the device's
// number to another mount already.
func awaitEnd(ctx context.Context, mountpoint string, record state.Record, processes processes) error {
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
				fetch.ErrConflict, mountpoint)
		}
	}
	return fmt.Errorf("%s is unmounted, but its processes do not end: holder %d, worker %d", mountpoint, record.HolderPID, record.WorkerPID)
}

// Detach takes the mount at dir away at once though it may be in use. Who has files open there keeps
// them; the processes end with the last of these.
func Detach(ctx context.Context, dir string) error {
	mountpoint, err := ours(dir)
	if err != nil || mountpoint == "" {
		return err
	}
	run, _, processes := behind(mountpoint)
	defer processes.close()
	if err := detach(mountpoint); err != nil {
		return refused(mountpoint, err)
	}
	if len(processes) > 0 {
		return nil // the holder sweeps
	}
	return run.Sweep()
}

// ours returns the mountpoint that dir names if pinfs has mounted there, and "" if it had only a run
// directory to clear, of a mount whose worker died.
func ours(dir string) (string, error) {
	mountpoint, err := located(dir)
	if err != nil {
		return "", err
	}
	m, found, err := state.MountAt(mountpoint)
	switch {
	case err != nil:
		return "", err
	case !found:
		if run, err := state.Find(mountpoint); err == nil && !run.Held() {
			return "", run.Sweep()
		}
		return "", fmt.Errorf("%w: nothing is mounted at %s", fetch.ErrNotFound, mountpoint)
	case m.Type != state.FSType:
		return "", fmt.Errorf("%w: the mount at %s is of type %s, not of pinfs", fetch.ErrConflict, mountpoint, m.Type)
	case os.Geteuid() != 0 && m.Owner != os.Geteuid(): // fusermount3 would say it in its own words
		return "", refused(mountpoint, unix.EPERM)
	}
	return mountpoint, nil
}

// behind returns the run directory of a mount, "" if there is none, who keeps it, and those of its
// processes that live.
func behind(mountpoint string) (state.Dir, state.Record, processes) {
	run, err := state.Find(mountpoint)
	if err != nil || !run.Held() {
		return run, state.Record{}, nil
	}
	record, err := run.Read()
	if err != nil {
		return run, state.Record{}, nil
	}
	return run, record, openProcesses(record.HolderPID, record.WorkerPID)
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
