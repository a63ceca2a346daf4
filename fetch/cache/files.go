package cache

import (
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
)

// files are the open files of one image. They belong together: when one of them was unlinked by
// somebody all are opened anew.
type files struct {
	image, manifest *os.File
	state           state

	busy atomic.Int64 // until then, Unix time in nanoseconds, nobody waits for the lock

	mu sync.Mutex // held together with the lock of the state file, which all of this process share
}

// openFiles opens the files in dir; with create it makes what is not there, also if somebody removes it
// at the same moment.
func openFiles(dir string, pin fetch.Pin, create bool) (f *files, err error) {
	for range openAttempts {
		if f, err = tryFiles(dir, pin, create); !create || !errors.Is(err, iofs.ErrNotExist) {
			break
		}
	}
	return f, err
}

const openAttempts = 5

func tryFiles(dir string, pin fetch.Pin, create bool) (*files, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	var opened [3]*os.File
	for i, name := range []string{"image", "manifest", "state"} {
		f, err := os.OpenFile(filepath.Join(dir, name), flags|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, errors.Join(err, closeAll(opened[:i]))
		}
		opened[i] = f
	}
	return &files{image: opened[0], manifest: opened[1], state: state{opened[2], pin}}, nil
}

func (f *files) close() { _ = closeAll([]*os.File{f.image, f.manifest, f.state.File}) } // nothing was promised

func closeAll(list []*os.File) (err error) {
	for _, f := range list {
		err = errors.Join(err, f.Close())
	}
	return err
}

// gone reports whether one of the files was unlinked.
func (f *files) gone() bool {
	for _, file := range []*os.File{f.image, f.manifest, f.state.File} {
		if unlinked(file) {
			return true
		}
	}
	return false
}

func unlinked(f *os.File) bool {
	var st unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &st)
	return err != nil || st.Nlink == 0
}

// change calls do while nobody else changes the image; errBusy if somebody does for long, who may hang.
// LeafSize is that of the image.
func (f *files) change(leafSize int64, do func() error) error {
	if f.isBusy() {
		return errBusy
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isBusy() { // while this call waited for its turn
		return errBusy
	}
	if err := lock(f.state.File); err != nil {
		f.busy.Store(time.Now().Add(busyFor).UnixNano())
		return err
	}
	defer func() { _ = unix.Flock(int(f.state.Fd()), unix.LOCK_UN) }() // the end of the process would do as well
	if f.gone() {
		return errAbsent // they were removed before it was our turn
	}
	if f.state.leafSize() != leafSize {
		// Leaves that no record tells of would take room that nobody can free.
		if err := errors.Join(f.image.Truncate(0), f.state.begin(leafSize)); err != nil {
			return err
		}
	}
	return do()
}

// isBusy reports whether somebody was found to hold the lock for long a moment ago: not everybody has
// to wait for one who may hang.
func (f *files) isBusy() bool { return time.Now().UnixNano() < f.busy.Load() }

const (
	busyFor   = 5 * time.Second
	lockFor   = 200 * time.Millisecond
	lockEvery = 2 * time.Millisecond
)

// lock keeps others out that lock the same state file.
func lock(state *os.File) error {
	for end := time.Now().Add(lockFor); ; time.Sleep(lockEvery) {
		err := unix.Flock(int(state.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return os.NewSyscallError("flock", err)
		case time.Now().After(end):
			return errBusy
		}
	}
}

// punch makes a hole.
func punch(f *os.File, off, n int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
}

// onDisk is how many bytes a file takes, 0 if there is none.
func onDisk(path string) int64 {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}
