package squashtest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Seek is lseek(2) on a file that it opens, -1 if it finds nothing: ENXIO, or EINVAL for what is below
// zero.
func Seek(t testing.TB, name string, off int64, whence int) int64 {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at, err := unix.Seek(int(f.Fd()), off, whence)
	if err == unix.ENXIO || err == unix.EINVAL {
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}
