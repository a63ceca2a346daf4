package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

const (
	stressProcesses = 64
	stressSteps     = 60 // of each process
)

// TestStress has many processes do at random what file systems are asked for, on a mount and on the
// kernel's own of the same image, while caches are dropped: every outcome is the same.
// PINFS_STRESS_STEPS makes it longer.
func TestStress(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	image := squashtest.Make(t, tree, "-comp", "xz")
	got, _ := mount(t, job{Image: image}, "dev", "suid")
	want := squashtest.Mount(t, image)
	steps := os.Getenv("PINFS_STRESS_STEPS")
	if steps == "" {
		steps = strconv.Itoa(stressSteps)
	}
	var all []*exec.Cmd
	for i := range stressProcesses {
		cmd := exec.Command(os.Args[0], "play-stress", got, want, strconv.Itoa(i), steps)
		cmd.Stderr = new(bytes.Buffer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	dropCaches(t)
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
	}
}

// stress is one process of TestStress.
func stress(args []string) error {
	got, want := args[0], args[1]
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	steps, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	names, err := namesBelow(want)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for range steps {
		name := names[r.IntN(len(names))]
		step, choice := things[r.IntN(len(things))], r.Uint64()
		g := step(filepath.Join(got, name), rand.New(rand.NewPCG(choice, 1)))
		if w := step(filepath.Join(want, name), rand.New(rand.NewPCG(choice, 1))); g != w {
			return fmt.Errorf("%q: %.200q, the kernel's %.200q", name, g, w)
		}
	}
	return nil
}

func namesBelow(top string) (names []string, err error) {
	err = filepath.WalkDir(top, func(path string, _ iofs.DirEntry, err error) error {
		if err == nil && path != top { // the root has attributes of its own
			names = append(names, path[len(top)+1:])
		}
		return err
	})
	return names, err
}

// things are single things to do to a file, each described by what comes of it.
var things = []func(name string, r *rand.Rand) string{
	func(name string, _ *rand.Rand) string {
		var st unix.Stat_t
		err := unix.Lstat(name, &st)
		return fmt.Sprint(st.Ino, st.Mode, st.Nlink, st.Uid, st.Gid, st.Rdev, st.Size, st.Blocks, st.Mtim, err)
	},
	func(name string, _ *rand.Rand) string {
		target, err := os.Readlink(name)
		return fmt.Sprint(target, number(err))
	},
	func(name string, _ *rand.Rand) string {
		entries, err := os.ReadDir(name)
		return fmt.Sprint(entries, number(err))
	},
	func(name string, _ *rand.Rand) string {
		list, value := make([]byte, 1<<16), make([]byte, 1<<16)
		n, err := unix.Llistxattr(name, list)
		said := fmt.Sprint(n, err)
		for _, attribute := range strings.Split(string(list[:max(n, 0)]), "\x00") {
			n, err := unix.Lgetxattr(name, attribute, value)
			said += fmt.Sprintf("%s=%q %v", attribute, value[:max(n, 0)], err)
		}
		return said
	},
	func(name string, r *rand.Rand) string { return readSome(name, r, 1<<20) },
	func(name string, r *rand.Rand) string { return readSome(name, r, 4096) },
	func(name string, r *rand.Rand) string {
		return fmt.Sprint(number(unix.Access(name, uint32(r.IntN(8)))), number(unix.Access(name+"x", 0)))
	},
	func(name string, _ *rand.Rand) string {
		var list []string
		fd, err := unix.Open(name, unix.O_WRONLY|unix.O_NONBLOCK, 0) // a fifo has no reader
		if err == nil {
			unix.Close(fd)
		}
		for _, err := range []error{
			err, os.Remove(name), os.Rename(name, name+"x"), os.Chmod(name, 0o777), os.Mkdir(name+"x", 0o755),
		} {
			list = append(list, fmt.Sprint(number(err)))
		}
		return strings.Join(list, " ")
	},
}

// readSome reads up to n bytes somewhere in a regular file.
func readSome(name string, r *rand.Rand, n int) string {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Sprint(number(err))
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Sprint(number(err))
	}
	defer f.Close()
	p := make([]byte, r.IntN(n)+1)
	got, err := f.ReadAt(p, r.Int64N(info.Size()+10))
	return fmt.Sprintf("%d %v %s", got, err, p[:got])
}

func number(err error) error {
	var n unix.Errno
	if errors.As(err, &n) {
		return n
	}
	return err
}
