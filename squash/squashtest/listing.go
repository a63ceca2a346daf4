package squashtest

import (
	"encoding/binary"
	"fmt"
	iofs "io/fs"
	"iter"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// addEntry adds one entry of a directory to what will be a Node.Listing: inode number, type (DT_xxx)
// and name. A name can hold any byte but NUL and the slash, which hence ends it.
func addEntry(listing []byte, number uint64, kind uint8, name string) []byte {
	return fmt.Appendf(listing, "%d %d %s/", number, kind, name)
}

// Names yields the names in the listing of n, in its order.
func (n Node) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for entry := range strings.SplitAfterSeq(n.Listing, "/") {
			if fields := strings.SplitN(entry, " ", 3); len(fields) == 3 && !yield(strings.TrimSuffix(fields[2], "/")) {
				return
			}
		}
	}
}

// listingAt returns what getdents(2) yields of a directory, without "." and "..", and the inode number
// of the latter.
func listingAt(path string, buf []byte) (string, uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	var l lister
	for {
		n, err := unix.Getdents(int(f.Fd()), buf)
		if err != nil {
			return "", 0, &iofs.PathError{Op: "getdents", Path: path, Err: err}
		}
		if n == 0 {
			return string(l.listing), l.parent, nil
		}
		l.add(buf[:n])
	}
}

// lister makes a listing.
type lister struct {
	listing []byte
	parent  uint64
}

// add adds the entries in b, which getdents(2) filled with structures linux_dirent64: inode number,
// position, length of the structure, type, name.
func (l *lister) add(b []byte) {
	for len(b) > 0 {
		number, n := binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint16(b[16:])
		switch name := unix.ByteSliceToString(b[19:n]); name {
		case ".":
		case "..":
			l.parent = number
		default:
			l.listing = addEntry(l.listing, number, b[18], name)
		}
		b = b[n:]
	}
}
