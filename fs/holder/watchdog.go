package holder

import (
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

const (
	defaultLook = time.Minute
	leastWait   = 30 * time.Second // for an answer: a busy machine is not a hanging worker
	opStatfs    = 17
)

// watchdog asks the mount for something that its worker has in memory, to see that it answers.
type watchdog struct {
	every    time.Duration
	within   time.Duration
	next     <-chan time.Time // nil while an answer is awaited
	late     <-chan time.Time // nil while none is
	answered chan struct{}
	killed   *worker // because it did not answer
	stuck    bool    // there was neither a worker nor a stand-in the last time
}

// begin sets the pace; who sets every itself is a test, and waits no longer than patience.
func (w *watchdog) begin(every, patience time.Duration) {
	w.every, w.within, w.answered = every, 2*patience, make(chan struct{}, 1)
	if every <= 0 {
		w.every, w.within = defaultLook, max(w.within, leastWait)
	}
	w.well()
}

// ask asks, if a path leads to the mount. The kernel passes each statfs on; it may not come back
// for long, and not even a kill may end it. So it is a thread's own affair, which has no descriptors: else
// that would keep the connection alive when both processes are killed.
func (w *watchdog) ask(at state.Mount) {
	w.next, w.late = nil, time.After(w.within)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this
		defer func() { w.answered <- struct{}{} }()
		there, found, err := at.Now()
		if err != nil || !found || !there.OnTop() {
			return
		}
		if unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE) != nil {
			return // a kernel before 5.9
		}
		var st unix.Statfs_t
		_ = unix.Statfs(there.Dir, &st) // an error is an answer
	}()
}

func (w *watchdog) well() { w.next, w.late, w.stuck = time.After(w.every), nil, false }

// settle waits a little while for an answer that is outstanding.
func (w *watchdog) settle() {
	if w.late == nil {
		return
	}
	select {
	case <-w.answered:
		w.well()
	case <-time.After(2 * time.Second):
	}
}

// unanswered is called when the mount has not answered in time. Its worker is replaced, and with it what
// that had in hand. One that can not even be killed hangs in the kernel, and so would all its readers.
func (h *hold) unanswered() {
	select {
	case <-h.dog.answered: // this process itself was stopped for a while
		h.dog.well()
		return
	default:
	}
	h.dog.late = time.After(h.dog.within)
	switch {
	case h.worker == nil && h.change.standIn == nil && h.dog.stuck, h.worker != nil && h.worker == h.dog.killed:
		slog.Error("the worker can not be killed: the mount is taken away", "mountpoint", h.spec.Mountpoint)
		abort(h.at)
	case h.worker == nil: // that is known, and whoever waits is told in time
		h.dog.stuck = h.change.standIn == nil
	case !h.waiting(): // what hangs is on the way to the mount
	default:
		slog.Error("the mount does not answer: its worker is replaced", "mountpoint", h.spec.Mountpoint, "pid", h.worker.Pid)
		h.dog.killed = h.worker
		_ = h.worker.Kill() // else it has ended already
	}
}

// waiting reports whether requests wait for the worker: in the kernel's queue, or a statfs that it has
// read.
func (h *hold) waiting() bool {
	fds := []unix.PollFd{{Fd: int32(h.dev), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 0); err == nil && n == 1 && fds[0].Revents&unix.POLLIN != 0 {
		return true
	}
	left, err := h.table.Unanswered()
	if err != nil {
		return false
	}
	for _, r := range left {
		if r.Opcode == opStatfs {
			return true
		}
	}
	return false
}

// abort ends all requests of a mount, and takes it away.
func abort(at state.Mount) {
	_, minor, _ := strings.Cut(at.Device, ":")
	_ = os.WriteFile(filepath.Join("/sys/fs/fuse/connections", minor, "abort"), []byte("1"), 0) // where that is mounted
	there, found, err := at.Now()
	if err != nil || !found || !there.OnTop() {
		return
	}
	if os.Geteuid() == 0 {
		_ = unix.Unmount(there.Dir, unix.MNT_FORCE|unix.UMOUNT_NOFOLLOW) // it aborts, too
	}
	_ = detach(there.Dir) // unless it has gone with that
}
