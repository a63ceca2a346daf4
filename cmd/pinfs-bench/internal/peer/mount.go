package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/process"
	"github.com/pinfs/pinfs/fs/status"
)

// Mount is a mounted image. It is not for concurrent use.
type Mount struct {
	Dir string

	told bool  // it tells its status, as pinfs does
	pids []int // processes that serve it
	undo []func() error
}

// Unmount takes away all that mounting made, in the reverse order, and waits for its end. It may be
// called again.
func (m *Mount) Unmount() (err error) {
	for len(m.undo) > 0 {
		last := len(m.undo) - 1
		err = errors.Join(err, m.undo[last]())
		m.undo = m.undo[:last]
	}
	return err
}

// Usage is what the processes that serve the mount have used.
func (m *Mount) Usage() (process.Usage, error) { return process.UsageOf(m.pids...) }

// Requests is how many requests the kernel has sent to the file system so far; known is false where
// nobody counts them.
func (m *Mount) Requests(ctx context.Context) (n int64, known bool, err error) {
	if !m.told {
		return 0, false, nil
	}
	d, err := status.Of(ctx, m.Dir)
	return int64(d.Requests), true, err
}

// loop mounts file at the mountpoint with the kernel's squashfs. The loop device goes with the mount.
func (m *Mount) loop(ctx context.Context, file string) error {
	if err := command(ctx, "mount", "-t", "squashfs", "-o", "loop,ro", file, m.Dir); err != nil {
		return err
	}
	m.undo = append(m.undo, func() error { return unmount(m.Dir) })
	return nil
}

// serve starts a program that serves a file system at dir in the foreground, and returns when it does.
func (m *Mount) serve(ctx context.Context, dir string, cmd *exec.Cmd) error {
	var before, now unix.Stat_t
	if err := unix.Stat(dir, &before); err != nil {
		return err
	}
	p, err := process.Start(cmd)
	if err != nil {
		return err
	}
	m.pids = append(m.pids, p.PID())
	m.undo = append(m.undo, func() error { return end(dir, p) })
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if err := unix.Stat(dir, &now); err == nil && now.Dev != before.Dev {
			return nil
		}
		select {
		case <-p.Exited():
			return fmt.Errorf("%s ended at once: %s", cmd.Args[0], p.Words())
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// end unmounts dir and waits for the end of the process that serves it; one that stays is ended.
func end(dir string, p *process.Process) error {
	err := unmount(dir)
	select {
	case <-p.Exited():
	case <-time.After(patience):
		p.Stop()
	}
	return err
}

// patience is how long something may be in use after its last user has ended: the kernel lets go of
// loop devices and files a moment later.
const patience = 5 * time.Second

// unmount unmounts dir if something is mounted there.
func unmount(dir string) error {
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		err := unmountNow(dir, 0)
		switch {
		case err == nil, errors.Is(err, unix.EINVAL): // EINVAL: nothing is mounted
			return nil
		case !errors.Is(err, unix.EBUSY) || time.Since(start) > patience:
			return errors.Join(fmt.Errorf("unmount %s: %w", dir, err), unmountNow(dir, unix.MNT_DETACH))
		}
	}
}

// unmountNow waits for programs that are just being started: each has a copy of all that is open here
// until it runs.
func unmountNow(dir string, flags int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return unix.Unmount(dir, flags)
}

// scratch makes a directory that goes with the mount.
func (m *Mount) scratch(i Image, name string) (string, error) {
	dir, err := os.MkdirTemp(i.Work, name)
	if err == nil {
		m.undo = append(m.undo, func() error { return os.RemoveAll(dir) })
	}
	return dir, err
}
