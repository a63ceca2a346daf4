package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// FSType is the type of every mount that pinfs makes, as /proc/mounts shows it.
const FSType = "fuse.pinfs"

// Mount is one line of the kernel's mount table. Reading it never touches a mounted file system.
type Mount struct {
	ID     int    // which stays when it is moved; 0 if a version before this one wrote it down
	Device string // major:minor
	Dir    string // absolute
	Type   string
	Source string
	Owner  int // of a FUSE mount: the number of its user, as the namespace it was mounted in has it
}

// mounts returns this process's mount table.
func mounts() (all []Mount, err error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.SplitSeq(string(table), "\n") {
		if m, ok := parseMount(line); ok {
			all = append(all, m)
		}
	}
	return all, err
}

// MountAt returns the mount that covers dir, an absolute path free of links, if dir is a mountpoint.
func MountAt(dir string) (m Mount, found bool, err error) {
	all, err := mounts()
	for _, at := range all {
		if at.Dir == dir { // the last one wins: it lies on top
			m, found = at, true
		}
	}
	return m, found, err
}

// Now returns m as it is now: it may have been moved, or a directory above it renamed. Only while m's
// file system lives is what has its numbers m.
func (m Mount) Now() (now Mount, found bool, err error) {
	all, err := mounts()
	for _, at := range all {
		if at.Device == m.Device && at.Type == m.Type && (at.ID == m.ID || m.ID == 0) {
			return at, true, nil
		}
	}
	return m, false, err
}

// OnTop reports whether m's path leads to m, and not to something that was mounted over it or over a
// directory above. It asks nothing of m's processes.
func (m Mount) OnTop() bool {
	fd, err := unix.Open(m.Dir, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	info, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	return strings.Contains(string(info), fmt.Sprintf("mnt_id:\t%d\n", m.ID))
}

// Mounted reports whether the file system of device, made with source, is mounted anywhere, in any
// mount namespace that this process can look into.
func Mounted(device, source string) bool {
	if device == "" {
		return false
	}
	tables, _ := filepath.Glob("/proc/[0-9]*/mountinfo")
	seen := map[string]bool{}
	for _, table := range tables {
		namespace, _ := os.Readlink(filepath.Join(filepath.Dir(table), "ns/mnt"))
		if namespace != "" && seen[namespace] {
			continue
		}
		seen[namespace] = true
		b, _ := os.ReadFile(table) // gone meanwhile, or not ours to read
		for line := range strings.SplitSeq(string(b), "\n") {
			if at, ok := parseMount(line); ok && at.Device == device && at.Type == FSType && at.Source == source {
				return true
			}
		}
	}
	return false
}

// Resolve makes dir absolute and free of links, each ".." meaning what the kernel means by it. It
// does not touch the file system that is mounted at dir, which may be dead or slow.
func Resolve(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no directory: the path is empty")
	}
	if !filepath.IsAbs(dir) {
		here, err := unix.Getwd()
		if err != nil {
			return "", fmt.Errorf("working directory: %w", err)
		}
		dir = here + "/" + dir // not cleaned: what follows a link is not what it looks like
	}
	dir = "/" + strings.Trim(dir, "/")
	slash := strings.LastIndexByte(dir, '/')
	base := dir[slash+1:]
	if base == "." || base == ".." || base == "" {
		return filepath.EvalSymlinks(dir)
	}
	parent, err := filepath.EvalSymlinks(dir[:slash+1])
	if err != nil {
		return "", err
	}
	abs := filepath.Join(parent, base)
	if _, found, err := MountAt(abs); err != nil || found {
		return abs, err
	}
	return filepath.EvalSymlinks(abs)
}

// parseMount reads a line such as "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw".
func parseMount(line string) (Mount, bool) {
	head, tail, ok := strings.Cut(line, " - ")
	h, t := fields(head), fields(tail)
	if !ok || len(h) < 5 || len(t) < 1 {
		return Mount{}, false
	}
	id, _ := strconv.Atoi(h[0])
	m := Mount{ID: id, Device: h[2], Dir: unescape(h[4]), Type: t[0]}
	if len(t) > 2 { // an empty source leaves no field
		m.Source = unescape(t[1])
	}
	for option := range strings.SplitSeq(t[len(t)-1], ",") {
		if uid, ok := strings.CutPrefix(option, "user_id="); ok {
			m.Owner, _ = strconv.Atoi(uid) // the kernel's
		}
	}
	return m, true
}

// fields splits at spaces alone: the kernel escapes space, tab, newline and backslash and nothing else.
func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
}

// unescape undoes the kernel's \ooo for space, tab, newline and backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
