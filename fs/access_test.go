package fs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// large is the file of sample that has more than one block and a tail.
const large = "deep/a/b/c/d/large"

// waysToRead are system calls that bring a file's bytes out of a mount.
var waysToRead = map[string]func(name string, size int) ([]byte, error){
	"O_DIRECT": func(name string, size int) ([]byte, error) { return readDirect(name, size) },
	"sendfile": func(name string, size int) ([]byte, error) { return through(name, size, sendfile) },
	"splice":   func(name string, size int) ([]byte, error) { return through(name, size, splice) },
	"mmap":     mapped,
	"preadv":   func(name string, size int) ([]byte, error) { return readVectors(name, size) },
}

func TestWaysToRead(t *testing.T) {
	tree := sample(t)
	want, err := os.ReadFile(filepath.Join(tree, large))
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := mount(t, job{Image: squashtest.Make(t, tree)})
	for how, read := range waysToRead {
		dropCaches(t)
		for range 2 { // from the image, then from memory
			if got, err := read(filepath.Join(dir, large), len(want)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, %v, or other bytes", how, len(got), err)
			}
		}
	}
}

// readDirect reads around the page cache, in pieces of a size that suits it.
func readDirect(name string, size int) ([]byte, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	page, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	defer unix.Munmap(page)
	var all []byte
	for len(all) < size {
		n, err := unix.Pread(fd, page, int64(len(all)))
		if err != nil || n == 0 {
			return all, err
		}
		all = append(all, page[:n]...)
	}
	return all, nil
}

// through copies with a call that moves bytes from one descriptor to another.
func through(name string, size int, move func(to, from, size int) (int, error)) ([]byte, error) {
	from, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := os.CreateTemp("", "copy")
	if err != nil {
		return nil, err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	for done := 0; done < size; {
		n, err := move(int(to.Fd()), int(from.Fd()), size-done)
		if err != nil || n == 0 {
			return nil, errors.Join(err, errors.New("nothing more comes"))
		}
		done += n
	}
	return os.ReadFile(to.Name())
}

func sendfile(to, from, size int) (int, error) { return unix.Sendfile(to, from, nil, size) }

// TestCopyRange: the kernel copies ranges within one kind of file system only; cp(1) then reads.
func TestCopyRange(t *testing.T) {
	image := squashtest.Make(t, sample(t))
	dir, _ := mount(t, job{Image: image})
	copyRange := func(to, from, size int) (int, error) { return unix.CopyFileRange(from, nil, to, nil, size, 0) }
	_, got := through(filepath.Join(dir, "hello"), 6, copyRange)
	_, want := through(filepath.Join(squashtest.Mount(t, image), "hello"), 6, copyRange)
	if !errors.Is(got, unix.EXDEV) || !errors.Is(want, unix.EXDEV) {
		t.Errorf("copy_file_range = %v, from the kernel's squashfs %v, want EXDEV of both", got, want)
	}
}

func splice(to, from, size int) (int, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return 0, err
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	n, err := unix.Splice(from, nil, pipe[1], nil, min(size, 1<<16), 0)
	if err != nil {
		return 0, err
	}
	for left := n; left > 0; {
		m, err := unix.Splice(pipe[0], nil, to, nil, int(left), 0)
		if err != nil {
			return 0, err
		}
		left -= m
	}
	return int(n), nil
}

func mapped(name string, size int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	defer unix.Munmap(p)
	return bytes.Clone(p), nil
}

func readVectors(name string, size int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := make([]byte, size)
	for done := 0; done < size; {
		rest := all[done:]
		n, err := unix.Preadv(int(f.Fd()), [][]byte{rest[:len(rest)/3], rest[len(rest)/3:]}, int64(done))
		if err != nil || n == 0 {
			return all[:done], err
		}
		done += n
	}
	return all, nil
}

// TestMapBeyondTheEnd reads zeros up to the end of the last page, and gets SIGBUS behind it, as for any
// file.
func TestMapBeyondTheEnd(t *testing.T) {
	dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t))})
	f, err := os.Open(filepath.Join(dir, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := os.Getpagesize()
	p, err := unix.Mmap(int(f.Fd()), 0, 3*page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(p)
	if want := append([]byte("hello\n"), make([]byte, page-6)...); !bytes.Equal(p[:page], want) {
		t.Error("the page with the end of the file has something behind it")
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			t.Error("the page behind the end can be read")
		}
	}()
	seen = p[page]
}

// seen keeps the compiler from leaving out what nobody uses.
var seen byte

// TestConcurrentListing has many list one large directory while the kernel forgets what it knows.
func TestConcurrentListing(t *testing.T) {
	const n = 5000
	dir, _ := mount(t, job{Image: squashtest.Make(t, crowd(t, n, ""))})
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 4 {
				entries, err := os.ReadDir(dir)
				if err != nil || len(entries) != n {
					t.Errorf("%d entries, %v, want %d", len(entries), err, n)
				}
			}
		})
	}
	for range 3 {
		dropCaches(t)
	}
	readers.Wait()
}
