package squashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// RichTree fills the directory dir, which it makes, with one of everything that squashfs can hold,
// about 16 MiB. The same tree comes out each time but for what the file system decides.
func RichTree(t testing.TB, dir string) {
	t.Helper()
	newBuilder(t, dir).everything(3<<20+7, 700)
}

// SmallTree is RichTree in one megabyte, for compressors that are slow.
func SmallTree(t testing.TB, dir string) {
	t.Helper()
	newBuilder(t, dir).everything(131073, 300)
}

func newBuilder(t testing.TB, dir string) *builder {
	b := &builder{t, dir, rand.NewChaCha8([32]byte{1})}
	b.mkdir(".")
	return b
}

// everything makes one of everything: files of at most largest bytes, a directory of width entries.
func (b *builder) everything(largest, width int) {
	b.files(largest)
	b.names(width)
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

// files makes regular files of sizes around every limit there is up to largest bytes, and files with
// holes.
func (b *builder) files(largest int) {
	b.mkdir("sizes")
	b.mkdir("empty")
	text := strings.Repeat("All work and no play makes Jack a dull boy.\n", 4<<20/44+1)
	for _, n := range []int{0, 1, 2, 4095, 4096, 4097, 8191, 8192, 131071, 131072, 131073, 262144, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 7} {
		if n > largest {
			break
		}
		b.file(fmt.Sprintf("sizes/text-%d", n), []byte(text[:n]))
	}
	for _, n := range []int{1, 4096, 131072, 131073, 1<<20 + 1} {
		if n > largest {
			break
		}
		b.file(fmt.Sprintf("sizes/noise-%d", n), b.noise(n))
	}
	b.file("sizes/half", append(b.noise(200_000), text[:200_000]...))
	b.file("sizes/zeros", make([]byte, 500_000))
	b.sparse("sizes/sparse", 3*int64(largest)+5, 2*int64(largest), []byte("an island"))
	b.sparse("sizes/hole", int64(largest), 0, nil)
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

// names makes files with names that readers stumble over, a deep path and a directory of width
// entries.
func (b *builder) names(width int) {
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
	for i := range width {
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
		"loop": "loop", "long": strings.Repeat("x/", 2047) + "x", "bytes": "\xff\n",
	} {
		b.must(os.Symlink(target, b.path("links/"+name)))
	}
	b.must(os.Link(b.path("links/relative"), b.path("links/relative-again")))
}
