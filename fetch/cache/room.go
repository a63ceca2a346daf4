package cache

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// checkEvery is how many bytes are written between two looks at what is used. The limits hold to
// that, for each process that writes.
const checkEvery = 4 << 20

// errFull says that nothing can be written because nothing more can be dropped.
var errFull = errors.New("no room: the file system is nearly full, or the cache is too small")

// makeRoom reports whether n bytes may be written, and has room made in the background before it gets
// tight. The error is errBusy while that has not come far enough.
func (d *Dir) makeRoom(n int64) error {
	if d.written.Add(n) < d.step() {
		return nil
	}
	d.written.Store(0)
	now, soon, err := d.excess(n)
	if err != nil || soon <= 0 {
		return err
	}
	if d.pruning.TryLock() {
		d.running.Go(func() {
			defer d.pruning.Unlock()
			freed, err := d.prune(2 * soon)
			if failed := err != nil || freed == 0; !d.tight.Swap(failed) && failed {
				d.cfg.Log.Warn("no room could be made in the cache", "path", d.path, "err", errors.Join(err, errFull))
			}
		})
	}
	if now > 0 {
		d.written.Store(d.step()) // look again the next time
		return errBusy
	}
	return nil
}

// step is checkEvery for a cache that is not too small for it.
func (d *Dir) step() int64 { return min(checkEvery, d.cfg.Size/32) }

// excess is how many bytes have to go before n more may be written: now, and soon, so that nobody has
// to wait.
func (d *Dir) excess(n int64) (now, soon int64, err error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(d.path, &disk); err != nil {
		return 0, 0, os.NewSyscallError("statfs", err)
	}
	used, err := d.used()
	if err != nil {
		return 0, 0, err
	}
	n += d.step()
	free := int64(disk.Bavail) * int64(disk.Bsize)
	keep := int64(d.cfg.Free * float64(disk.Blocks) * float64(disk.Bsize))
	now = max(used+n-d.cfg.Size, keep+n-free)
	soon = max(used+n-d.cfg.Size+d.cfg.Size/16, keep+n-free+keep/8)
	return now, soon, nil
}

// used is how many bytes the cache has on disk.
func (d *Dir) used() (total int64, err error) {
	pins, err := d.pins()
	for _, pin := range pins {
		for _, name := range []string{"image", "manifest", "state"} {
			total += onDisk(filepath.Join(d.of(pin), name))
		}
	}
	return total, err
}
