package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// guard keeps everybody else from claiming, moving or removing a run directory beside d until release
// is called. It is held for moments only.
func (d Dir) guard() (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(string(d)), ".guard"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return func() { f.Close() }, nil
}

// Held reports whether a live holder has d. It asks without locking, so it never gets in the way of
// one that is just starting.
func (d Dir) Held() bool {
	f, err := os.Open(d.lock())
	if err != nil {
		return errors.Is(err, os.ErrPermission) // root's: only its worker can tell
	}
	defer f.Close()
	query := unix.Flock_t{Type: unix.F_RDLCK}
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &query) == nil && query.Type != unix.F_UNLCK
}

// tryLock opens d's lock file, made if need be, and locks it.
func (d Dir) tryLock() (*os.File, error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			err = ErrHeld
		}
		return nil, fmt.Errorf("%s: %w", d, err)
	}
	return f, nil
}

// owns reports whether lock is still the file that others would find.
func (d Dir) owns(lock *os.File) bool {
	mine, err1 := lock.Stat()
	there, err2 := os.Stat(d.lock())
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}
