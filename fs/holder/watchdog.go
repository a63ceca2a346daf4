package holder

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

const defaultLook = time.Minute

// watchdog asks the mount for something that its worker has in memory, to see that it answers.
type watchdog struct {
	every    time.Duration
	within   time.Duration
	next     <-chan time.Time // nil while an answer is awaited
	late     <-chan time.Time // nil while none is
	answered chan struct{}
	killed   *worker // because it did not answer
}

func (w *watchdog) begin(every, within time.Duration) {
	if every <= 0 {
		every = defaultLook
	}
	w.every, w.within, w.answered = every, within, make(chan struct{}, 1)
	w.well()
}

// ask asks. The kernel passes each statfs on; it may not come back for long.
func (w *watchdog) ask(dir string) {
	w.next, w.late = nil, time.After(w.within)
	go func() {
		var st unix.Statfs_t
		_ = unix.Statfs(dir, &st) // an error is an answer
		w.answered <- struct{}{}
	}()
}

func (w *watchdog) well() { w.next, w.late = time.After(w.every), nil }

// unanswered is called when the mount has not answered in time. Its worker is replaced, and with it what
// that had in hand. One that can not even be killed hangs in the kernel, and so would all its readers.
func (h *hold) unanswered() {
	h.dog.late = time.After(h.dog.within)
	switch {
	case h.worker == nil: // that is known, and whoever waits is told in time
	case h.worker == h.dog.killed:
		slog.Error("the worker can not be killed: the mount is taken away", "mountpoint", h.spec.Mountpoint, "pid", h.worker.Pid)
		abort(h.at)
	default:
		slog.Error("the mount does not answer: its worker is replaced", "mountpoint", h.spec.Mountpoint, "pid", h.worker.Pid)
		h.dog.killed = h.worker
		_ = h.worker.Kill() // else it has ended already
	}
}

// abort ends all requests of a mount, and takes it away.
func abort(at state.Mount) {
	_, minor, _ := strings.Cut(at.Device, ":")
	_ = os.WriteFile(filepath.Join("/sys/fs/fuse/connections", minor, "abort"), []byte("1"), 0) // where that is mounted
	if os.Geteuid() == 0 {
		_ = unix.Unmount(at.Dir, unix.MNT_FORCE|unix.UMOUNT_NOFOLLOW) // it aborts, too
	}
	_ = detach(at.Dir) // unless it has gone with that
}
