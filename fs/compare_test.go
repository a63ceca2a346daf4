package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/squashtest"
)

func TestSameAsTheKernel(t *testing.T) {
	rich := filepath.Join(t.TempDir(), "rich")
	squashtest.RichTree(t, rich)
	for _, flags := range [][]string{{"-comp", "xz"}, {"-comp", "gzip", "-no-xattrs"}, {"-comp", "zstd", "-no-exports", "-no-fragments"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			image := squashtest.Make(t, rich, flags...)
			want := squashtest.Mount(t, image)
			got, _ := mount(t, job{Image: image})
			compareTrees(t, got, want)
			dropCaches(t)
			compareTrees(t, got, want)
			compareListings(t, got, want)
			compareStatfs(t, got, want)
		})
	}
}

func TestCrowdedDirectory(t *testing.T) {
	const n = 20_000
	image := squashtest.Make(t, crowd(t, n, ""))
	want := squashtest.Mount(t, image)
	got, _ := mount(t, job{Image: image})
	if list := listing(t, got); len(list) != n+2 {
		t.Errorf("%d entries, want %d", len(list), n+2)
	}
	compareListings(t, got, want)
	resumeListing(t, got)
	for _, name := range []string{"file-000000", "file-019999", "file-007777"} {
		if _, err := os.Lstat(filepath.Join(got, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(filepath.Join(got, "file-020000")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stat of a missing name = %v, want ErrNotExist", err)
	}
}

// compareTrees is squashtest.CompareTrees but for the attributes that pinfs adds to the root.
func compareTrees(t *testing.T, got, want string) {
	t.Helper()
	g := squashtest.SnapshotDir(t, got)
	root := g["."]
	root.Xattrs, _, _ = strings.Cut(root.Xattrs, `"user.pinfs.`)
	g["."] = root
	squashtest.Compare(t, g, squashtest.SnapshotDir(t, want))
}

// compareListings compares inode numbers and types as getdents(2) has them, in every directory.
func compareListings(t *testing.T, got, want string) {
	t.Helper()
	err := filepath.WalkDir(want, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(want, path)
		g, w := listing(t, filepath.Join(got, rel)), listing(t, path)
		if rel == "." { // what lies above the root is not the image's business
			delete(g, "..")
			delete(w, "..")
		}
		if len(g) != len(w) {
			t.Errorf("%s: %d entries, want %d", rel, len(g), len(w))
		}
		for name, entry := range w {
			if g[name] != entry {
				t.Errorf("%s/%s: (inode, type) = %v, want %v", rel, name, g[name], entry)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listing reads a directory with getdents(2): name -> inode number and type.
func listing(t *testing.T, dir string) map[string][2]uint64 {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	defer unix.Close(fd)
	all := map[string][2]uint64{}
	for _, e := range dirents(t, fd, 1<<16, -1) {
		if _, twice := all[e.name]; twice {
			t.Errorf("%s: %q is listed twice", dir, e.name)
		}
		all[e.name] = [2]uint64{e.ino, uint64(e.kind)}
	}
	return all
}

// resumeListing goes on from the cookie of each 1000th entry, as seekdir(3) does.
func resumeListing(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	all := dirents(t, fd, 1<<16, -1)
	for i := 0; i+1 < len(all); i += 1000 {
		if _, err := unix.Seek(fd, all[i].off, 0); err != nil {
			t.Fatal(err)
		}
		next := dirents(t, fd, 512, 1)
		if len(next) == 0 || next[0] != all[i+1] {
			t.Errorf("behind cookie %d of %q: %v, want %v", all[i].off, all[i].name, next, all[i+1])
		}
	}
}

type dirent struct {
	name string
	ino  uint64
	off  int64
	kind byte
}

// dirents calls getdents(2) with a buffer of size bytes at most calls times, -1 = to the end.
func dirents(t *testing.T, fd, size, calls int) []dirent {
	t.Helper()
	var all []dirent
	buf := make([]byte, size)
	for ; calls != 0; calls-- {
		n, err := unix.Getdents(fd, buf)
		if err != nil {
			t.Fatalf("getdents: %v", err)
		}
		if n == 0 {
			return all
		}
		for p := buf[:n]; len(p) > 0; {
			length := le16(p[16:])
			name, _, _ := bytes.Cut(p[19:length], []byte{0})
			all = append(all, dirent{string(name), le64(p), int64(le64(p[8:])), p[18]})
			p = p[length:]
		}
	}
	return all
}

func compareStatfs(t *testing.T, got, want string) {
	t.Helper()
	var g, w unix.Statfs_t
	if err := errors.Join(unix.Statfs(got, &g), unix.Statfs(want, &w)); err != nil {
		t.Fatal(err)
	}
	numbers := func(s unix.Statfs_t) string {
		return fmt.Sprint(s.Bsize, s.Frsize, s.Blocks, s.Bfree, s.Bavail, s.Files, s.Ffree, s.Namelen)
	}
	if numbers(g) != numbers(w) {
		t.Errorf("statfs = %s, want %s", numbers(g), numbers(w))
	}
}

func TestConcurrentReaders(t *testing.T) {
	dir := t.TempDir()
	for i := range 8 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), noise(uint64(i), 3<<20+i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := mount(t, job{Image: squashtest.Make(t, dir, "-comp", "zstd")})
	var all sync.WaitGroup
	for reader := range 16 {
		all.Go(func() {
			for i := range 8 {
				b, err := os.ReadFile(filepath.Join(got, fmt.Sprint((i+reader)%8)))
				if want := noise(uint64((i+reader)%8), 3<<20+(i+reader)%8); err != nil || !bytes.Equal(b, want) {
					t.Errorf("reader %d, file %d: %d bytes, %v", reader, (i+reader)%8, len(b), err)
				}
			}
		})
	}
	all.Wait()
}

func TestRunsPrograms(t *testing.T) {
	dir := t.TempDir()
	program, err := os.ReadFile("/bin/echo")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "echo"), program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, _ := mount(t, job{Image: squashtest.Make(t, dir)})
	if out := command(t, filepath.Join(got, "echo"), "it", "runs"); out != "it runs\n" {
		t.Errorf("echo = %q", out)
	}
	f, err := os.Open(filepath.Join(got, "echo"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mapped, err := unix.Mmap(int(f.Fd()), 0, len(program), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	if !bytes.Equal(mapped, program) {
		t.Error("mapped bytes differ")
	}
}

func TestHandlesOutliveCaches(t *testing.T) {
	image := squashtest.Make(t, sample(t))
	got, _ := mount(t, job{Image: image})
	root, err := unix.Open(got, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(root)
	for _, name := range []string{"hello", "deep/a/b/c", "deep/a/b/c/d/large"} {
		handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, filepath.Join(got, name), 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		dropCaches(t)
		fd, err := unix.OpenByHandleAt(root, handle, unix.O_RDONLY)
		if err != nil {
			t.Errorf("open %s by handle: %v", name, err)
			continue
		}
		if path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err != nil || strings.HasPrefix(name, "deep/a/b/c") && len(name) == 10 && path != filepath.Join(got, name) {
			t.Errorf("handle of %s opens %s, %v", name, path, err)
		}
		unix.Close(fd)
		foreign := append([]byte(nil), handle.Bytes()...)
		foreign[0], foreign[1], foreign[3] = 0xff, 0xff, 0xff
		if fd, err := unix.OpenByHandleAt(root, unix.NewFileHandle(handle.Type(), foreign), unix.O_RDONLY); err != unix.ESTALE {
			t.Errorf("open a foreign handle = %d, %v, want ESTALE", fd, err)
		}
	}
}

func TestXattrs(t *testing.T) {
	plain := t.TempDir()
	if err := os.WriteFile(filepath.Join(plain, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	without := squashtest.Make(t, plain, "-no-xattrs")
	tests := []struct {
		name string
		job  job
		want error // of asking the root for its pin
	}{
		{"image with xattrs", job{Image: squashtest.Make(t, sample(t))}, nil},
		{"image without", job{Image: without}, unix.EOPNOTSUPP},
		{"image without, asked for", job{Image: without, Xattrs: true}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, _ := mount(t, tt.job)
			value := make([]byte, 100)
			n, err := unix.Getxattr(dir, "user.pinfs.pin", value)
			if err != tt.want || err == nil && string(value[:n]) != "fsverity-sha256:00" {
				t.Errorf("user.pinfs.pin = %q, %v, want %v", value[:max(n, 0)], err, tt.want)
			}
			if tt.want != nil {
				return
			}
			if _, err := unix.Getxattr(dir, "user.none", value); err != unix.ENODATA {
				t.Errorf("missing attribute = %v, want ENODATA", err)
			}
			if _, err := unix.Getxattr(dir, "user.pinfs.pin", value[:3]); err != unix.ERANGE {
				t.Errorf("short buffer = %v, want ERANGE", err)
			}
			if out := command(t, "getfattr", "--absolute-names", "-d", dir); !strings.Contains(out, `user.pinfs.state="serving"`) ||
				!strings.Contains(out, `user.pinfs.revision="3"`) {
				t.Errorf("getfattr = %q", out)
			}
		})
	}
}

func le16(p []byte) int { return int(p[0]) | int(p[1])<<8 }

func le64(p []byte) uint64 {
	var v uint64
	for i := range 8 {
		v |= uint64(p[i]) << (8 * i)
	}
	return v
}

// isExit reports whether err is a process's non-zero end.
func isExit(err error) bool { return errors.As(err, new(*exec.ExitError)) }

// TestSecondPassSendsNothing: the image never changes, so the kernel asks once.
func TestSecondPassSendsNothing(t *testing.T) {
	dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t), "-no-xattrs")})
	first := squashtest.SnapshotDir(t, dir)
	missing := filepath.Join(dir, "deep", "none")
	os.Lstat(missing)
	before := requests(t, dir)
	second := squashtest.SnapshotDir(t, dir)
	if _, err := os.Lstat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("lstat of a missing name = %v", err)
	}
	if after := requests(t, dir); after != before {
		t.Errorf("%d requests in a later pass, want none", after-before)
	}
	squashtest.Compare(t, second, first)
}
