package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// rootBase is the run directory of root's mounts.
const rootBase = "/run/pinfs"

// bases are where run directories of this user's mounts and of root's are, the one to write to first.
func bases() []string {
	if isRoot() {
		return []string{rootBase}
	}
	return []string{userBase(), rootBase}
}

// isRoot reports whether this is the machine's root, and not one of a user namespace.
func isRoot() bool {
	var run unix.Stat_t
	return os.Geteuid() == 0 && unix.Stat(filepath.Dir(rootBase), &run) == nil && run.Uid == 0
}

func userBase() string {
	run := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(run); err == nil && info.IsDir() && filepath.IsAbs(run) {
		return filepath.Join(run, "pinfs")
	}
	return "/tmp/pinfs-" + strconv.Itoa(outside(os.Geteuid()))
}

// outside returns the number of user uid where this user namespace was made.
func outside(uid int) int {
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return uid
	}
	var inner, outer, n int
	if _, err := fmt.Sscan(string(b), &inner, &outer, &n); err != nil || uid < inner || uid >= inner+n {
		return uid
	}
	return uid - inner + outer
}

// makeBase makes the run directory of this user's mounts. One in /tmp could be a trap laid by
// somebody else, so it must be ours alone.
func makeBase() (string, error) {
	if isRoot() {
		err := os.MkdirAll(rootBase, 0o755)
		if err == nil {
			err = os.Chmod(rootBase, 0o755) // whatever the umask: users may ask
		}
		return rootBase, err
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
