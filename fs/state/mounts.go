package state

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FSType is the type of every mount that pinfs makes, as /proc/mounts shows it.
const FSType = "fuse.pinfs"

// Mount is one line of the kernel's mount table. Reading it never touches a mounted file system.
type Mount struct {
	Device string // major:minor
	Dir    string // absolute
	Type   string
	Source string
}

// MountAt returns the mount that covers dir, an absolute path free of links, if dir is a mountpoint.
func MountAt(dir string) (m Mount, found bool, err error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return m, false, err
	}
	lines := bufio.NewScanner(bytes.NewReader(table))
	lines.Buffer(nil, len(table)+1)
	for lines.Scan() {
		// The last one wins: it lies on top.
		if at, ok := parseMount(lines.Text()); ok && at.Dir == dir {
			m, found = at, true
		}
	}
	return m, found, lines.Err()
}

// Resolve makes dir absolute and free of links. It does not touch the file system that is mounted
// at dir, which may be dead or slow.
func Resolve(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, found, err := MountAt(abs); err != nil || found {
		return abs, err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	abs = filepath.Join(parent, filepath.Base(abs))
	if _, found, err := MountAt(abs); err != nil || found {
		return abs, err
	}
	return filepath.EvalSymlinks(abs)
}

// parseMount reads a line such as "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw".
func parseMount(line string) (Mount, bool) {
	head, tail, ok := strings.Cut(line, " - ")
	h, t := strings.Fields(head), strings.Fields(tail)
	if !ok || len(h) < 5 || len(t) < 1 {
		return Mount{}, false
	}
	m := Mount{Device: h[2], Dir: unescape(h[4]), Type: t[0]}
	if len(t) > 2 { // an empty source leaves no field
		m.Source = unescape(t[1])
	}
	return m, true
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
