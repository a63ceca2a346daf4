package holder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"
)

// ending is what a holder knows of the end that it was asked for.
type ending struct {
	asked bool
	again <-chan time.Time // to try once more
	said  bool             // why that is needed
}

// errCovered means that the kernel lets nobody unmount it for now: no path leads to it.
var errCovered = errors.New("another file system is mounted over it")

// again is how soon another attempt is made.
const again = time.Second

// leave unmounts, or sets when to try again.
func (h *hold) leave() error {
	h.ending.asked, h.ending.again = true, nil
	err := h.unmount()
	if !errors.Is(err, errCovered) {
		return err
	}
	if !h.ending.said {
		slog.Warn("the mount ends when it can be unmounted: unmount what lies over it", "err", err)
	}
	h.ending.said, h.ending.again = true, time.After(again)
	return nil
}

// unmount is undo for a mount that may have gone meanwhile.
func (h *hold) unmount() error {
	if !alive(h.dev) {
		return nil
	}
	return h.undo()
}

// undo unmounts what we have mounted, wherever it is now, lazily if it is in use. The error matches
// errCovered if that has to wait.
func (h *hold) undo() error {
	if h.at.Device == "" {
		return nil
	}
	there, found, err := h.at.Now()
	if err != nil || !found {
		return err
	}
	if !there.OnTop() {
		return fmt.Errorf("mount at %s: %w", there.Dir, errCovered)
	}
	err = release(there.Dir)
	if err == nil || errors.Is(err, unix.EINVAL) { // EINVAL: somebody else was faster
		return nil
	}
	return detach(there.Dir)
}

// errAborted is the end of a mount whose connection somebody has aborted.
var errAborted = errors.New("somebody has aborted the connection, by umount -f or below /sys/fs/fuse/connections")

// cut is called when the connection has ended. As a rule that was an unmount; else whatever is left of the
// mount is taken away, lazily, before more readers run into it.
func (h *hold) cut() error {
	for range 20 { // umount -f aborts first and unmounts then
		_, found, err := h.at.Now()
		if err != nil || !found || !alive(h.dev) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.Join(errAborted, h.undo())
}

// alive reports whether the file system behind dev is still there, mounted or in use, even if its
// connection was aborted. Until then nothing else can have its numbers.
func alive(dev handle) bool {
	// The kernel is told to forget the root's attributes, which does no harm, and says whether it has one.
	const length, invalidateInode, root = 40, 2, 1
	order := binary.NativeEndian
	b := order.AppendUint32(nil, length)
	b = order.AppendUint32(b, invalidateInode)
	b = order.AppendUint64(b, 0) // the reply to nothing
	b = order.AppendUint64(b, root)
	b = order.AppendUint64(b, ^uint64(0)) // from offset -1: no data
	b = order.AppendUint64(b, 0)
	_, err := unix.Write(int(dev), b)
	return err != unix.ENOENT
}
