package work

import (
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// chunk is what is read at a time, as cat and cp do.
const chunk = 128 << 10

// file is an open file without what the runtime does with it: registering it for polling would ask the
// file system for more than a program in C does.
type file int

func open(path string) (file, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return file(fd), nil
}

// Read implements io.Reader.
func (f file) Read(p []byte) (n int, err error) {
	for {
		n, err = unix.Read(int(f), p)
		if err != unix.EINTR {
			break
		}
	}
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (f file) close() { _ = unix.Close(int(f)) }

// readFile reads a file to its end and adds it to the sum.
func (j *job) readFile(name string, buf []byte) error {
	f, err := open(j.path(name))
	if err != nil {
		return err
	}
	defer f.close()
	var size int64
	var crc uint32
	for {
		n, err := f.Read(buf)
		size, crc = size+int64(n), crc32.Update(crc, table, buf[:n])
		if err == io.EOF {
			j.sum.add(name, size, crc)
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
}

// each has workers that take one entry after the other.
func (j *job) each(entries []tree.Entry, do func(e tree.Entry, buf []byte) error) error {
	var next atomic.Int64
	var g errgroup.Group
	for range j.Workers {
		g.Go(func() error {
			buf := make([]byte, chunk)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					return nil
				}
				if err := do(entries[i], buf); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

func (j *job) readAll() error {
	return j.each(j.files(j.AtLeast, 0), func(e tree.Entry, buf []byte) error { return j.readFile(e.Path, buf) })
}

// files are those that have at least so many bytes, or orElse if there are none.
func (j *job) files(atLeast, orElse int64) []tree.Entry {
	if files := tree.Files(j.list, atLeast); len(files) > 0 {
		return files
	}
	return tree.Files(j.list, orElse)
}

const page = 4096

// random reads pages of the files that have at least a MiB, or of all if there are none.
func (j *job) random() error {
	files := j.files(1<<20, page)
	if len(files) == 0 {
		return fmt.Errorf("the tree has no file of %d bytes", page)
	}
	rnd, buf := rand.New(rand.NewPCG(1, 2)), make([]byte, page)
	for range j.Count {
		e := files[rnd.IntN(len(files))]
		if err := j.readPage(e, rnd.Int64N(e.Size/page)*page, buf); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) readPage(e tree.Entry, off int64, buf []byte) error {
	f, err := open(j.path(e.Path))
	if err != nil {
		return err
	}
	defer f.close()
	n, err := unix.Pread(int(f), buf, off)
	if err == nil && n != len(buf) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("read %s at %d: %w", e.Path, off, err)
	}
	j.sum.add(e.Path, page, crc32.Checksum(buf, table))
	return nil
}
