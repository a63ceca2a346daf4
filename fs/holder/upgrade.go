package holder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
)

// Mine returns the mountpoints of the live mounts that this user may upgrade.
func Mine() ([]string, error) {
	all, err := state.All()
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, run := range all {
		var st unix.Stat_t
		ours := unix.Stat(run.Control(), &st) == nil && (os.Geteuid() == 0 || int(st.Uid) == os.Geteuid())
		record, err := run.Read()
		if where := record.Where(); err == nil && ours && run.Held() && where != "" {
			mine = append(mine, where)
		}
	}
	return mine, nil
}

// Upgrade makes the mount at dir go on as executable, an absolute path, and returns when it does. Its
// readers notice nothing. After an error the mount goes on as it was, but for the rare one that says
// otherwise. The error matches fetch.ErrNotFound if there is no live mount, and fetch.ErrConflict if
// its worker is being replaced already.
func Upgrade(ctx context.Context, dir, executable string) error {
	mountpoint, err := located(dir)
	if err != nil {
		return err
	}
	run, err := state.Find(mountpoint)
	if err != nil || !run.Held() {
		return fmt.Errorf("%w: no live pinfs mount at %s", fetch.ErrNotFound, mountpoint)
	}
	at, _, err := state.MountAt(mountpoint)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixpacket", run.Control())
	switch {
	case err != nil && ended(at):
		return unmounting(mountpoint)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: only the user who mounted it, or root, can upgrade it", mountpoint)
	case err != nil:
		return fmt.Errorf("the holder of %s takes no orders: %w; unmount and mount again", mountpoint, err)
	}
	err = (&link{conn.(*net.UnixConn)}).order(ctx, executable)
	if errors.Is(err, errHolderEnded) && ended(at) {
		return unmounting(mountpoint)
	}
	return err
}

// ended reports whether the mount at is not at its place any more.
func ended(at state.Mount) bool {
	there, found, err := state.MountAt(at.Dir)
	return err == nil && (!found || there != at)
}

var errHolderEnded = errors.New("the holder ended during the upgrade: see pinfs status")

// order asks for an upgrade and waits for the outcome.
func (l *link) order(ctx context.Context, executable string) error {
	defer l.close()
	stop := context.AfterFunc(ctx, l.close)
	defer stop()
	err := l.send(message{Event: upgrade, Executable: executable}, nil)
	if err == nil {
		err = (&process{link: l}).expect(ready)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
		return errHolderEnded
	}
	return err
}
