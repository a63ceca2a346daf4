package cache

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
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
			if freed, err := d.prune(2 * soon); err != nil || freed == 0 {
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
	free := int64(disk.Bavail) * disk.Bsize
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

// candidate is a segment that could be dropped.
type candidate struct {
	pin     fetch.Pin
	segment int64
	used    int64
}

// Prune brings the cache below its limits and returns how many bytes it freed.
func (d *Dir) Prune() (int64, error) {
	now, _, err := d.excess(0)
	if err != nil || now <= 0 {
		return 0, err
	}
	return d.prune(now)
}

// prune drops what was not used for longest until n bytes are free, and returns how many are.
func (d *Dir) prune(n int64) (int64, error) {
	before, err := d.used()
	if err != nil {
		return 0, err
	}
	list, err := d.candidates()
	if err != nil {
		return 0, err
	}
	freed := int64(0)
	for len(list) > 0 && freed < n {
		// By images, so that the files are opened once for all their segments of one age.
		same := 1
		for same < len(list) && list[same].pin == list[0].pin {
			same++
		}
		freed += d.drop(list[:same], n-freed)
		list = list[same:]
	}
	after, err := d.used()
	return before - after, err
}

// candidates returns all segments, those first that were not used for longest.
func (d *Dir) candidates() ([]candidate, error) {
	pins, err := d.pins()
	if err != nil {
		return nil, err
	}
	var list []candidate
	for _, pin := range pins {
		f, err := openFiles(d.of(pin), pin, false)
		if err != nil {
			list = append(list, candidate{pin: pin, segment: whole})
			continue
		}
		list = append(list, f.candidates()...)
		f.close()
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.used, b.used) })
	return list, nil
}

// whole stands for all of an image's directory.
const whole = -1

func (f *files) candidates() []candidate {
	records, err := f.state.all(f.state.segments())
	if err != nil || len(records) == 0 || f.state.leafSize() == 0 {
		return []candidate{{pin: f.state.pin, segment: whole}}
	}
	var list []candidate
	last := int64(0)
	for i, r := range records {
		if last = max(last, r.used); r.leaves != 0 {
			list = append(list, candidate{f.state.pin, int64(i), r.used})
		}
	}
	if now()-last > keepManifest {
		list = append(list, candidate{f.state.pin, whole, last}) // what is left of it, after all its segments
	}
	return list
}

// keepManifest is for how long after its last use the hash blocks of an image stay, in seconds: they
// take little, and without them its leaves are of no use.
const keepManifest = 24 * 60 * 60

// drop frees about n bytes of one image's segments and returns how many it has.
func (d *Dir) drop(list []candidate, n int64) (freed int64) {
	dir := d.of(list[0].pin)
	f, err := openFiles(dir, list[0].pin, false)
	if err != nil {
		return d.remove(dir)
	}
	defer f.close() // which also unlocks
	for _, c := range list {
		if freed >= n {
			break
		}
		if c.segment == whole {
			return freed + d.remove(dir)
		}
		leaf := f.state.leafSize()
		if leaf == 0 {
			return freed + d.remove(dir)
		}
		_ = f.change(leaf, func() error { // one that is in use at the moment stays
			freed += f.forget(c.segment, leaf)
			return nil
		})
	}
	return freed
}

// forget drops a segment: first its record, so that nobody takes the hole for damage.
func (f *files) forget(segment, leaf int64) int64 {
	r := f.state.read(segment)
	if err := f.state.write(segment, record{}); err != nil {
		return 0
	}
	if err := punch(f.image, segment*perSegment*leaf, perSegment*leaf); err != nil {
		return 0
	}
	return int64(bits.OnesCount64(r.leaves)) * leaf
}

// remove deletes the files of an image while nobody else changes them; a mount that uses it begins anew.
// The state file goes last: as long as it is there its lock keeps others out.
func (d *Dir) remove(dir string) (freed int64) {
	if f, err := os.OpenFile(filepath.Join(dir, "state"), os.O_RDWR|unix.O_NOFOLLOW, 0); err == nil {
		defer f.Close()
		if lock(f) != nil {
			return 0
		}
	}
	for _, name := range []string{"image", "manifest", "state"} {
		path := filepath.Join(dir, name)
		n := onDisk(path)
		if os.Remove(path) == nil {
			freed += n
		}
	}
	_ = os.Remove(dir) // unless there is something of somebody else's in it
	return freed
}

// String names the directory.
func (d *Dir) String() string { return fmt.Sprintf("cache %s", d.path) }
