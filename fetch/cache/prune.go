package cache

import (
	"cmp"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
)

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
		f.sweep()
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
	f, err := os.OpenFile(filepath.Join(dir, "state"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return 0
	}
	defer f.Close()
	if lock(f) != nil || unlinked(f) {
		return 0 // somebody uses them, or has removed them
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
