package state

import (
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
