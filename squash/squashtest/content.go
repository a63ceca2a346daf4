package squashtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// holes makes files with holes in every place: in front, between, behind, across blocks, in the tail,
// and with nothing else.
func (b *builder) holes() {
	const block = 128 << 10
	for _, c := range []struct{ size, off int64 }{
		{1, 0}, {4096, 0}, {block, 0}, {block + 1, block}, {2*block - 1, 0}, {3 * block, block}, {3 * block, 2 * block},
		{3*block + 77, block + 5}, {5 * block, 2*block - 3}, {9*block + 4096, 9 * block}, {64 * block, 63*block + 100},
	} {
		b.sparse(fmt.Sprintf("island-%d-%d", c.size, c.off), c.size, c.off, []byte("an island")[:min(9, c.size)])
		b.sparse(fmt.Sprintf("hole-%d-%d", c.size, c.off), c.size, 0, nil)
	}
	b.file("between", append(append(b.noise(block), make([]byte, 2*block)...), b.noise(block+99)...))
	b.file("zero-tail", append(b.noise(block), make([]byte, 1000)...))
}

// copies makes files that share content: whole, in their first blocks, in their tail, in nothing but
// a fragment; and hard links across directories.
func (b *builder) copies() {
	const block = 128 << 10
	head, tail := b.noise(2*block), b.noise(1000)
	both := append(bytes.Clone(head), tail...)
	for i := range 3 {
		dir := fmt.Sprintf("%d", i)
		b.mkdir(dir)
		b.file(dir+"/whole", both)
		b.file(dir+"/head", head)
		b.file(dir+"/tail", tail)
		b.file(dir+"/other-tail", append(bytes.Clone(head), fmt.Appendf(nil, "tail %d", i)...))
		b.file(dir+"/other-head", append(b.noise(block), tail...))
		b.must(os.Link(b.path("0/whole"), b.path(dir+"/link")))
		b.must(os.Link(b.path("0/tail"), b.path(dir+"/link-to-tail")))
	}
}

// huge makes a file that 32 bits can not count the bytes of, with content around there.
func (b *builder) huge() {
	b.sparse("huge", 4<<30+12345, 4<<30-5, b.noise(12_000))
	b.file("beside", []byte("small"))
}

// sources copies some thousand files of Go's own sources.
func (b *builder) sources() {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	b.must(err)
	b.must(os.CopyFS(b.path("net"), os.DirFS(filepath.Join(strings.TrimSpace(string(out)), "src/net"))))
}

// plain makes what every maker can pack: files and directories, and not many.
func (b *builder) plain() {
	b.file("empty", nil)
	for i := range 150 {
		dir := fmt.Sprintf("d%d", i%7)
		b.mkdir(dir)
		b.file(fmt.Sprintf("%s/f%d", dir, i), bytes.Repeat(fmt.Appendf(nil, "line %d\n", i), i*i/5))
	}
}

// tiny makes a little of everything, for images of a few KiB.
func (b *builder) tiny() {
	text := strings.Repeat("0123456789abcdef squashfs\n", 500)
	b.file("empty", nil)
	b.file("tail", []byte(text[:100]))
	b.file("blocks", []byte(text[:8192]))
	b.file("both", []byte(text))
	b.file("noise", b.noise(500))
	b.file("caf\xc3\xa9 \xff", []byte("name"))
	b.sparse("sparse", 50_000, 21_000, []byte("an island"))
	b.must(os.Link(b.path("both"), b.path("again")))
	b.must(os.Symlink("both", b.path("link")))
	b.specials()
	b.mkdir("dir/in/dir")
	b.fileOf("dir", 1<<32-1)
	b.fileOf("dir/in/dir", 0)
	b.xattr("both", "user.greeting", []byte("hello"))
	b.xattr("dir", "trusted.shared", bytes.Repeat([]byte("shared "), 20))
	b.xattr("tail", "user.shared", bytes.Repeat([]byte("shared "), 20))
}
