package work

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// find runs find -ls.
func (j *job) find() error {
	var out, complaints bytes.Buffer
	c := exec.Command("find", ".", "-ls")
	c.Dir, c.Stdout, c.Stderr = j.Dir, &out, &complaints
	runtime.LockOSThread() // the parent-death signal is bound to the thread
	defer runtime.UnlockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Run(); err != nil {
		return fmt.Errorf("%w: %.200s", err, &complaints)
	}
	for line := range strings.Lines(out.String()) {
		j.addListed(strings.Fields(line))
	}
	return nil
}

// addListed adds what must be the same everywhere: the permissions, and from the name on. The numbers
// of inodes and the sizes of directories are each file system's own.
func (j *job) addListed(fields []string) {
	const permissions, name = 2, 10
	if len(fields) > name {
		j.sum.add(strings.Join(fields[name:], " "), 0, crc32.Checksum([]byte(fields[permissions]), table))
	}
}

// stat asks for the attributes of each path.
func (j *job) stat() error {
	return j.each(shuffled(j.list), func(e tree.Entry, _ []byte) error {
		var st unix.Stat_t
		if err := unix.Lstat(j.path(e.Path), &st); err != nil {
			return fmt.Errorf("stat %s: %w", e.Path, err)
		}
		j.sum.add(e.Path, 0, st.Mode)
		return nil
	})
}

// shuffled is the list in another order, the same each time.
func shuffled(list []tree.Entry) []tree.Entry {
	list = append([]tree.Entry(nil), list...)
	rnd := rand.New(rand.NewPCG(3, 4))
	rnd.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	return list
}

// first reads the beginning of a file from the middle of the tree.
func (j *job) first() error {
	files := tree.Files(j.list, page)
	if len(files) == 0 {
		return fmt.Errorf("the tree has no file of %d bytes", page)
	}
	return j.readPage(files[len(files)/2], 0, make([]byte, page))
}

// started is how many files a job reads when it starts.
const started = 20

// start does what the start of a job does: look into a directory, read some files from all over.
func (j *job) start() error {
	entries, err := os.ReadDir(j.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		j.sum.add(e.Name(), 0, uint32(e.Type()))
	}
	files, buf := tree.Files(j.list, 0), make([]byte, chunk)
	for i := range min(started, len(files)) {
		if err := j.readFile(files[i*len(files)/started%len(files)].Path, buf); err != nil {
			return err
		}
	}
	return nil
}
