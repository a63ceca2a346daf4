package squashtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// RichTree fills the directory dir, which it makes, with one of everything that squashfs can hold,
// about 16 MiB. The same tree comes out each time but for what the file system decides.
func RichTree(t testing.TB, dir string) {
	t.Helper()
	b := &builder{t, dir, rand.NewChaCha8([32]byte{1})}
	b.mkdir(".")
	b.files()
	b.names()
	b.links()
	b.specials()
	b.modes()
	b.xattrs()
	b.times()
}

// builder makes things below dir; a failure ends the test.
type builder struct {
	t    testing.TB
	dir  string
	rand *rand.ChaCha8
}

func (b *builder) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("make the tree: %v", err)
	}
}

func (b *builder) path(name string) string { return filepath.Join(b.dir, name) }

func (b *builder) mkdir(name string) { b.must(os.MkdirAll(b.path(name), 0o755)) }

func (b *builder) file(name string, content []byte) {
	b.must(os.WriteFile(b.path(name), content, 0o644))
}

// noise returns n bytes that no compressor makes smaller.
func (b *builder) noise(n int) []byte {
	p := make([]byte, n)
	b.rand.Read(p)
	return p
}

// files makes regular files of sizes around every limit there is.
func (b *builder) files() {
	b.mkdir("sizes")
	b.mkdir("empty")
	text := strings.Repeat("All work and no play makes Jack a dull boy.\n", 4<<20/44+1)
	for _, n := range []int{0, 1, 2, 4095, 4096, 4097, 8191, 8192, 131071, 131072, 131073, 262144, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 7} {
		b.file(fmt.Sprintf("sizes/text-%d", n), []byte(text[:n]))
	}
	for _, n := range []int{1, 4096, 131072, 131073, 1<<20 + 1} {
		b.file(fmt.Sprintf("sizes/noise-%d", n), b.noise(n))
	}
	b.file("sizes/half", append(b.noise(200_000), text[:200_000]...))
	b.file("sizes/zeros", make([]byte, 500_000))
	b.sparse("sizes/sparse", 10<<20+5, 5<<20, []byte("an island"))
	b.sparse("sizes/hole", 3<<20, 0, nil)
}

// sparse makes a file of size bytes with content at off and nothing else.
func (b *builder) sparse(name string, size, off int64, content []byte) {
	f, err := os.Create(b.path(name))
	b.must(err)
	defer f.Close()
	b.must(f.Truncate(size))
	_, err = f.WriteAt(content, off)
	b.must(err)
}

// names makes files with names that readers stumble over, a deep path and a wide directory.
func (b *builder) names() {
	b.mkdir("names")
	for _, name := range []string{
		"\xff\xfe not utf-8", "caf\u00e9", "cafe\u0301", "日本語", " ", "-rf", ".hidden", "...", "a\nb", "back\\slash", "tab\t",
		"%41", "a+b c", "\x01\x7f", strings.Repeat("n", 255), "*?[", "é\xc3",
	} {
		b.file("names/"+name, []byte(name))
	}
	deep := "deep" + strings.Repeat("/d", 60)
	b.mkdir(deep)
	b.file(deep+"/bottom", []byte("found"))
	b.mkdir("wide")
	for i := range 700 {
		b.file(fmt.Sprintf("wide/entry-%03d", i), fmt.Appendf(nil, "%d", i))
	}
}

// links makes hard and symbolic links.
func (b *builder) links() {
	b.mkdir("links/dir")
	b.file("links/one", []byte("one content, three names"))
	b.must(os.Link(b.path("links/one"), b.path("links/two")))
	b.must(os.Link(b.path("links/one"), b.path("links/dir/three")))
	for name, target := range map[string]string{
		"relative": "one", "up": "../links/dir/three", "absolute": "/etc/hostname", "dangling": "no/where", "todir": "dir",
		"loop": "loop", "long": strings.Repeat("x/", 2000), "bytes": "\xff\n",
	} {
		b.must(os.Symlink(target, b.path("links/"+name)))
	}
	b.must(os.Link(b.path("links/relative"), b.path("links/relative-again")))
}

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
		b.must(os.Lchown(b.path(name), 1000*i, 4_000_000_000+i))
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
		b.must(unix.Lsetxattr(b.path("xattrs/"+x.file), x.name, x.value, 0))
	}
	for i := range 40 {
		b.must(unix.Lsetxattr(b.path("xattrs/many"), fmt.Sprintf("user.number-%d", i), fmt.Appendf(nil, "%d", i*i), 0))
	}
}

// times sets modification times at the ends of what squashfs can hold.
func (b *builder) times() {
	b.mkdir("times")
	for _, s := range []int64{0, 1, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		name := fmt.Sprintf("times/%d", s)
		b.file(name, nil)
		b.must(os.Chtimes(b.path(name), time.Time{}, time.Unix(s, 0)))
	}
}

// SetXattr gives the file or link at path an extended attribute.
func SetXattr(t testing.TB, path, name, value string) {
	t.Helper()
	if err := unix.Lsetxattr(path, name, []byte(value), 0); err != nil {
		t.Fatalf("set %s of %s: %v", name, path, err)
	}
}
