package squashtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// CompareWithUnsquashfs compares s, which was seen in image, with what unsquashfs -lls lists, to the
// byte: paths in their order, modes, owners, sizes or device numbers, times, targets of links. Owners
// are numbers and times UTC, so that nothing depends on the machine.
func CompareWithUnsquashfs(t testing.TB, s Snapshot, image string) {
	t.Helper()
	out, err := exec.Command("unsquashfs", "-UTC", "-lln", image).Output()
	if err != nil {
		t.Fatalf("unsquashfs -lln %s: %v", image, err)
	}
	var list strings.Builder
	s.list(&list, ".")
	got, want := strings.SplitAfter(list.String(), "\n"), strings.SplitAfter(string(out), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("of %d lines, line %d is %q, want the %q of %d that unsquashfs prints",
				len(got), i+1, at(got, i), at(want, i), len(want))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// list writes the lines of path and of all below it, as unsquashfs -lln does.
func (s Snapshot) list(w *strings.Builder, path string) {
	n := s[path]
	owners := fmt.Sprintf("%d/%d", n.UID, n.GID)
	fmt.Fprintf(w, "%s %s %s %s %s", modeString(n.Mode), owners, n.sizeOrDevice(26-len(owners)),
		time.Unix(0, n.ModTime).UTC().Format("2006-01-02 15:04"), filepath.Join("squashfs-root", path))
	if n.Mode&unix.S_IFMT == unix.S_IFLNK {
		fmt.Fprintf(w, " -> %s", n.Target)
	}
	w.WriteByte('\n')
	for name := range n.Names() {
		s.list(w, filepath.Join(path, name))
	}
}

// sizeOrDevice returns the column of width characters, more where they are needed, between owners and
// time. For a device unsquashfs splits what is stored as if minor numbers had eight bits.
func (n Node) sizeOrDevice(width int) string {
	if t := n.Mode & unix.S_IFMT; t != unix.S_IFBLK && t != unix.S_IFCHR {
		return fmt.Sprintf("%*d", max(width, 0), n.Size)
	}
	stored := int32(n.Major<<8 | n.Minor&0xff | n.Minor>>8<<20)
	return fmt.Sprintf("%*s%3d,%3d", max(width-7, 0), " ", stored>>8, stored&0xff)
}

// modeString returns the ten characters that ls -l begins with.
func modeString(mode uint32) string {
	s := []byte("?rwxrwxrwx")
	s[0] = "?pc?d?b?-?l?s???"[mode>>12&15]
	for i := range 9 {
		if mode>>(8-i)&1 == 0 {
			s[1+i] = '-'
		}
	}
	for i, letter := range "sst" { // with upper case where nobody may execute
		if mode>>(11-i)&1 == 0 {
			continue
		}
		x := &s[3+3*i]
		if *x == '-' {
			letter -= 'a' - 'A'
		}
		*x = byte(letter)
	}
	return string(s)
}
