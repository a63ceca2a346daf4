package squashtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// specials makes devices, a fifo and a socket.
func (b *builder) specials() {
	b.mkdir("specials")
	for _, d := range []struct {
		name         string
		mode         uint32
		major, minor uint32
	}{
		{"null", unix.S_IFCHR | 0o666, 1, 3},
		{"big", unix.S_IFCHR | 0o600, 4095, 1048575},
		{"loop", unix.S_IFBLK | 0o660, 7, 200},
		{"wide", unix.S_IFBLK | 0o660, 259, 70000},
		{"fifo", unix.S_IFIFO | 0o644, 0, 0},
	} {
		b.must(unix.Mknod(b.path("specials/"+d.name), d.mode, int(unix.Mkdev(d.major, d.minor))))
		b.must(unix.Chmod(b.path("specials/"+d.name), d.mode&0o7777)) // whatever the umask is
	}
	b.must(os.Link(b.path("specials/null"), b.path("specials/null-again")))
	b.socket("specials/socket")
}

// socket leaves a socket behind. It is made under a short path, which sockets need, and moved.
func (b *builder) socket(name string) {
	tmp, err := os.MkdirTemp("", "s")
	b.must(err)
	defer os.RemoveAll(tmp)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: tmp + "/s", Net: "unix"})
	b.must(err)
	l.SetUnlinkOnClose(false)
	b.must(l.Close())
	b.must(unix.Chmod(tmp+"/s", 0o755))
	b.must(os.Rename(tmp+"/s", b.path(name)))
}

// modes makes odd permissions and owners.
func (b *builder) modes() {
	b.mkdir("modes/sticky")
	b.must(unix.Chmod(b.path("modes/sticky"), 0o1777))
	for i, mode := range []uint32{0, 0o111, 0o4755, 0o2755, 0o6711, 0o7777, 0o640} {
		name := fmt.Sprintf("modes/%04o", mode)
		b.file(name, nil)
		b.must(os.Lchown(b.path(name), 1000*i, int(uint32(4_000_000_000+uint32(i)))))
		b.must(unix.Chmod(b.path(name), mode))
	}
}

// xattrs gives attributes to every kind of file that may have some.
func (b *builder) xattrs() {
	b.mkdir("xattrs/dir")
	b.file("xattrs/file", []byte("x"))
	b.file("xattrs/many", b.noise(1000))
	b.file("xattrs/large", bytes.Repeat([]byte("large "), 50_000))
	b.must(os.Symlink("file", b.path("xattrs/link")))
	b.must(unix.Mknod(b.path("xattrs/fifo"), unix.S_IFIFO|0o644, 0))
	b.must(unix.Mknod(b.path("xattrs/device"), unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))))
	shared := bytes.Repeat([]byte("shared "), 100)
	for _, x := range []struct {
		file, name string
		value      []byte
	}{
		{"file", "user.empty", nil},
		{"file", "user.shared", shared},
		{"large", "user.shared", shared},
		{"large", "user.bytes", []byte{0, 0xff, 0}},
		{"dir", "user.shared", shared},
		{"dir", "trusted.dir", []byte("t")},
		{"file", "security.pinfs", []byte("s")},
		{"link", "trusted.link", []byte("of a link")},
		{"fifo", "trusted.fifo", []byte("f")},
		{"device", "trusted.device", []byte("d")},
	} {
		b.xattr("xattrs/"+x.file, x.name, x.value)
	}
	for i := range 40 {
		b.xattr("xattrs/many", fmt.Sprintf("user.number-%d", i), fmt.Appendf(nil, "%d", i*i))
	}
}

// times sets modification times at the ends of what squashfs can hold.
func (b *builder) times() {
	b.mkdir("times")
	for _, s := range []int64{0, 1, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		b.fileOf("times", s)
	}
}

// fileOf makes an empty file in dir that was modified s seconds after 1970.
func (b *builder) fileOf(dir string, s int64) {
	name := fmt.Sprintf("%s/%d", dir, s)
	b.file(name, nil)
	b.must(os.Chtimes(b.path(name), time.Time{}, time.Unix(s, 0)))
}

func (b *builder) xattr(name, key string, value []byte) {
	b.must(unix.Lsetxattr(b.path(name), key, value, 0))
}

// SetXattr gives the file or link at path an extended attribute.
func SetXattr(t testing.TB, path, name, value string) {
	t.Helper()
	if err := unix.Lsetxattr(path, name, []byte(value), 0); err != nil {
		t.Fatalf("set %s of %s: %v", name, path, err)
	}
}
