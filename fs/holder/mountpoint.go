package holder

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
)

// claim makes sure that something can be mounted at dir and that nobody else is about to. A dead
// pinfs mount that is still there is taken away.
func claim(dir string) (*state.Claim, error) {
	if err := vacate(dir); err != nil { // before anybody is asked to step aside
		return nil, err
	}
	c, err := state.New(dir)
	if errors.Is(err, state.ErrHeld) {
		return nil, busy(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("a mount needs a run directory: %w", err)
	}
	if err := vacate(dir); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// vacate fails unless dir is a directory with nothing mounted on it.
func vacate(dir string) error {
	there, found, err := state.MountAt(dir)
	if err != nil {
		return err
	}
	if found && there.Type == state.FSType && dead(dir) {
		if err := detach(dir); err != nil {
			return err
		}
		there, found, err = state.MountAt(dir)
	}
	switch {
	case err != nil:
		return err
	case found && there.Type == state.FSType:
		return busy(dir)
	case found:
		return fmt.Errorf("%w: %s is the mountpoint of a file system of type %s already", fetch.ErrConflict, dir, there.Type)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return mountpointError(dir, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("mountpoint %s is not a directory", dir)
	}
	return nil
}

// dead reports whether the FUSE mount at dir has lost its processes. The caller has the claim on
// dir, so no live holder of this user is behind it.
func dead(dir string) bool {
	var st unix.Statfs_t
	return errors.Is(unix.Statfs(dir, &st), unix.ENOTCONN)
}

func busy(dir string) error {
	return fmt.Errorf("%w: %s is already mounted, or about to be: unmount it first with: pinfs umount %s", fetch.ErrConflict, dir, dir)
}

// located returns the mountpoint that dir names; the error matches fetch.ErrNotFound if there is no such
// directory.
func located(dir string) (string, error) {
	abs, err := state.Resolve(dir)
	switch {
	case errors.Is(err, iofs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return "", fmt.Errorf("%w: nothing is mounted at %s", fetch.ErrNotFound, dir)
	case err != nil:
		return "", mountpointError(dir, err)
	}
	return abs, nil
}

// mountpointError names the mountpoint and what is wrong with it.
func mountpointError(dir string, err error) error {
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return fmt.Errorf("%w: mountpoint %s: make it first with: mkdir -p %s", fetch.ErrNotFound, dir, dir)
	case errors.Is(err, iofs.ErrPermission):
		return fmt.Errorf("mountpoint %s: permission denied", dir)
	}
	return fmt.Errorf("mountpoint %s: %w", dir, err)
}
