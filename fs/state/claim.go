package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
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
	record := c.Place().record()
	if err := os.WriteFile(record+".new", b, 0o644); err != nil {
		return err
	}
	return os.Rename(record+".new", record)
}

// Remove takes the run directory away and gives the mountpoint free.
func (c *Claim) Remove() error {
	release, err := c.Dir.guard()
	if err != nil {
		return err
	}
	defer release()
	defer c.lock.Close()
	return os.RemoveAll(string(c.Place()))
}

// Abandon gives the mountpoint free and leaves record and log behind, for whoever asks why.
func (c *Claim) Abandon() error {
	release, err := c.Dir.guard()
	if err != nil {
		return err
	}
	defer release()
	defer c.lock.Close()
	return errors.Join(os.RemoveAll(c.Place().Socket()), os.RemoveAll(c.Place().Control()))
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

// makeBase makes the run directory of this user's mounts. One in /tmp could be a trap laid by
// somebody else, so it must be ours alone.
func makeBase() (string, error) {
	if isRoot() {
		return rootBase, errors.Join(os.MkdirAll(rootBase, 0o755), os.Chmod(rootBase, 0o755)) // whatever the umask: users may ask
	}
	base := userBase()
	if err := os.Mkdir(base, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Lstat(base, &st); err != nil {
		return "", fmt.Errorf("%s: %w", base, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		return "", fmt.Errorf("%s is not a directory that only its owner, user %d, can enter: remove it", base, os.Geteuid())
	}
	return base, nil
}
