package squashtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Node is all that can be seen of one file.
type Node struct {
	Mode         uint32 // with the type bits
	UID, GID     uint32
	Size         int64 // bytes
	Blocks       int64 // of 512 bytes
	ModTime      int64 // nanoseconds since 1970
	Nlink        uint32
	Major, Minor uint32
	Number       uint64 // inode number
	Parent       uint64 // of a directory below the top: the inode number that ".." has
	Target       string // of a symbolic link
	Listing      string // of a directory: what it yields, in its order; see addEntry
	Content      [sha256.Size]byte
	Xattrs       string // names in order, quoted, with their values
}

// Snapshot maps paths, relative and "." for the top, to what is there.
type Snapshot map[string]Node

// String returns a text with a line for each file, sorted by path.
func (s Snapshot) String() string {
	var w strings.Builder
	for _, path := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&w, "%q %v\n", path, s[path])
	}
	return w.String()
}

// String returns n in one line, with digests of what is long.
func (n Node) String() string {
	s := fmt.Sprintf("mode %o uid %d gid %d size %d blocks %d mtime %d nlink %d number %d",
		n.Mode, n.UID, n.GID, n.Size, n.Blocks, n.ModTime/1e9, n.Nlink, n.Number)
	switch n.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		s += fmt.Sprintf(" parent %d listing %s", n.Parent, brief(n.Listing))
	case unix.S_IFLNK:
		s += " target " + brief(n.Target)
	case unix.S_IFREG:
		s += fmt.Sprintf(" sha256 %x", n.Content)
	case unix.S_IFBLK, unix.S_IFCHR:
		s += fmt.Sprintf(" device %d:%d", n.Major, n.Minor)
	}
	if n.Xattrs != "" {
		s += " xattrs " + brief(n.Xattrs)
	}
	return s
}

// brief returns s quoted, or its digest if it is long.
func brief(s string) string {
	if len(s) <= 100 {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("sha256 %x", sha256.Sum256([]byte(s)))
}

// SnapshotDir takes everything in at dir, which may be the top of any mounted file system.
func SnapshotDir(t testing.TB, dir string) Snapshot {
	t.Helper()
	s := Snapshot{}
	buf := make([]byte, 128<<10)
	err := filepath.WalkDir(dir, func(path string, _ iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		n, err := nodeAt(path, buf)
		if name == "." {
			n.Parent = 0
		}
		s[name] = n
		return err
	})
	if err != nil {
		t.Fatalf("walk %s: %v", dir, err)
	}
	return s
}

// nodeAt looks at the file at path; buf is room for what is read of it.
func nodeAt(path string, buf []byte) (Node, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return Node{}, &iofs.PathError{Op: "lstat", Path: path, Err: err}
	}
	n := Node{
		Mode: st.Mode, UID: st.Uid, GID: st.Gid, Size: st.Size, Blocks: st.Blocks, ModTime: unix.TimespecToNsec(st.Mtim),
		Nlink: uint32(st.Nlink), Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev), Number: st.Ino,
	}
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		n.Target, err = os.Readlink(path)
	case unix.S_IFREG:
		n.Content, err = digest(path, buf)
	case unix.S_IFDIR:
		n.Listing, n.Parent, err = listingAt(path, buf)
	}
	if err != nil {
		return n, err
	}
	n.Xattrs, err = xattrsAt(path, buf)
	return n, err
}

func digest(path string, buf []byte) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.CopyBuffer(h, onlyReader{f}, buf)
	return [sha256.Size]byte(h.Sum(nil)), err
}

// onlyReader hides that a file can copy itself, which it does in small pieces.
type onlyReader struct{ io.Reader }

func xattrsAt(path string, buf []byte) (string, error) {
	names, value := buf[:64<<10], buf[64<<10:] // the most there can be
	n, err := unix.Llistxattr(path, names)
	if errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", &iofs.PathError{Op: "listxattr", Path: path, Err: err}
	}
	var out bytes.Buffer
	for name := range bytes.SplitSeq(names[:n], []byte{0}) {
		if len(name) == 0 {
			continue // behind the last NUL
		}
		n, err := unix.Lgetxattr(path, string(name), value)
		if err != nil {
			return "", fmt.Errorf("getxattr %q of %s: %w", name, path, err)
		}
		fmt.Fprintf(&out, "%q=%q ", name, value[:n])
	}
	return out.String(), nil
}
