package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrHeld means that another live holder has the mountpoint.
var ErrHeld = errors.New("held by another process")

// Claim is the exclusive right to mount at one mountpoint. It ends with the process at the latest.
type Claim struct {
	Dir  Dir
	lock *os.File
}

// New claims the run directory of mountpoint, an absolute path free of links, and clears what a dead
// holder left there. The error matches ErrHeld if a live one has it.
func New(mountpoint string) (*Claim, error) {
	base, err := makeBase()
	if err != nil {
		return nil, err
	}
	return Dir(filepath.Join(base, id(mountpoint))).claim()
}

func (d Dir) claim() (*Claim, error) {
	release, err := d.guard()
	if err != nil {
		return nil, err
	}
	defer release()
	lock, err := d.tryLock()
	if errors.Is(err, ErrHeld) && d.stepAside() {
		lock, err = d.tryLock()
	}
	if err != nil {
		return nil, err
	}
	c := &Claim{Dir: d, lock: lock}
	return c, c.clear()
}

// Sweep removes d, if that is one, unless a live holder has it, such as one that mounts there again.
func (d Dir) Sweep() error {
	if d == "" || !d.exists() || d.Held() {
		return nil
	}
	claim, err := d.claim()
	if errors.Is(err, ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	return claim.Remove()
}

// Resume returns the claim on dir whose lock another program in this process had.
func Resume(dir Dir, lock *os.File) *Claim { return &Claim{Dir: dir, lock: lock} }

// Lock is what the claim lives by.
func (c *Claim) Lock() *os.File { return c.lock }

// stepAside moves the run directory of a mount that was moved or unmounted lazily out of the way of the
// next one at its mountpoint, and reports whether there was one. Its holder finds it again by its pid.
func (d Dir) stepAside() bool {
	r, err := d.Read()
	return err == nil && r.Where() != r.Mountpoint && os.Rename(string(d), string(d.aside(r.HolderPID))) == nil
}

func (d Dir) aside(holder int) Dir { return Dir(fmt.Sprintf("%s-%d", d, holder)) }

// Place is where the claim's run directory is now: after a lazy unmount the next mount may have got its
// name.
func (c *Claim) Place() Dir {
	if aside := c.Dir.aside(os.Getpid()); aside.owns(c.lock) {
		return aside
	}
	return c.Dir
}

// Write makes r what Dir.Read returns; a reader sees all of it or what was there before.
func (c *Claim) Write(r Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	release, err := c.Dir.guard()
	if err != nil {
		return err
	}
	defer release()
	place := c.Place()
	if !place.owns(c.lock) {
		return fmt.Errorf("%s was removed", place)
	}
	record := place.record()
	if err := os.WriteFile(record+".new", b, 0o644); err != nil {
		return err
	}
	return os.Rename(record+".new", record)
}

// Remove takes the run directory away and gives the mountpoint free.
func (c *Claim) Remove() error {
	return c.end(func(place Dir) error { return os.RemoveAll(string(place)) })
}

// Abandon gives the mountpoint free and leaves record and log behind, for whoever asks why.
func (c *Claim) Abandon() error {
	return c.end(func(place Dir) error { return errors.Join(os.RemoveAll(place.Socket()), os.RemoveAll(place.Control())) })
}

// end gives the mountpoint free and tidies up the run directory, if it was not removed by others.
func (c *Claim) end(tidy func(place Dir) error) error {
	defer c.lock.Close()
	release, err := c.Dir.guard()
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	if place := c.Place(); place.owns(c.lock) {
		return tidy(place)
	}
	return nil
}

// Mend makes the run directory again if somebody has removed it, or the lock or record in it, and reports
// whether that was so. The caller then fills it anew.
func (c *Claim) Mend() (bool, error) {
	if _, err := makeBase(); err != nil {
		return false, err
	}
	release, err := c.Dir.guard()
	if err != nil {
		return false, err
	}
	defer release()
	if place := c.Place(); place.owns(c.lock) {
		_, err := os.Stat(place.record())
		return errors.Is(err, os.ErrNotExist), nil
	}
	lock, err := c.Dir.tryLock()
	if errors.Is(err, ErrHeld) { // by another mount at the mountpoint that ours has left
		lock, err = c.Dir.aside(os.Getpid()).tryLock()
	}
	if err != nil {
		return false, err
	}
	c.lock.Close()
	c.lock = lock
	return true, nil
}

// clear removes everything but the lock.
func (c *Claim) clear() error {
	entries, err := os.ReadDir(string(c.Dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == filepath.Base(c.Dir.lock()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(string(c.Dir), e.Name())); err != nil {
			return err
		}
	}
	return nil
}
