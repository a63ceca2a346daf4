package state

import (
	"fmt"
	iofs "io/fs"
	"path/filepath"
)

// Where returns where the mount that r tells of is: at its mountpoint, if need be below another mount,
// else where it was moved to. It is "" if it is nowhere: then it was unmounted lazily and lives until its
// last user leaves, or it is in another mount namespace.
func (r Record) Where() string {
	all, err := mounts()
	if r.Device == "" || err != nil {
		return r.Mountpoint // as far as is known
	}
	where := ""
	for _, at := range all {
		if at.Dir == r.Mountpoint && r.is(at) {
			return at.Dir
		}
		if where == "" && r.is(at) {
			where = at.Dir
		}
	}
	return where
}

// is reports whether r tells of the mount at, if that of r lives.
func (r Record) is(at Mount) bool {
	return at.Device == r.Device && at.Type == FSType && (at.Source == r.Source || r.Source == "")
}

// fits reports whether d may be the run directory of at, which may be just coming up.
func (d Dir) fits(at Mount) bool {
	r, err := d.Read()
	return err != nil || r.Device == "" || r.is(at)
}

// Find returns the run directory of the mount at mountpoint, an absolute path free of links, also if that
// was moved there: this user's own or else root's. If nothing of pinfs is mounted there it is that of
// the one which was. The error matches io/fs.ErrNotExist if there is none.
func Find(mountpoint string) (Dir, error) {
	at, found, err := MountAt(mountpoint)
	if err != nil {
		return "", err
	}
	d, known := byName(mountpoint)
	if found && at.Type == FSType && !(known && d.fits(at)) {
		d, known, err = byDevice(at)
	}
	if err == nil && !known {
		err = fmt.Errorf("run directory of %s: %w", mountpoint, iofs.ErrNotExist)
	}
	return d, err
}

// byName returns the run directory that a mount at mountpoint gets.
func byName(mountpoint string) (Dir, bool) {
	for _, base := range bases() {
		if d := Dir(filepath.Join(base, id(mountpoint))); d.exists() {
			return d, true
		}
	}
	return "", false
}

// byDevice returns the run directory of a mount that came from another place, or from another mount
// namespace; that of a dead one if no other has the device's number.
func byDevice(at Mount) (found Dir, ok bool, err error) {
	all, err := All()
	if err != nil {
		return "", false, err
	}
	for _, d := range all {
		if r, err := d.Read(); err != nil || !r.is(at) {
			continue
		}
		if d.Held() {
			return d, true, nil
		}
		found, ok = d, true
	}
	return found, ok, nil
}
