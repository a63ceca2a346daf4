package squashtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
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
