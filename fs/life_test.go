package fs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// small makes an image of one file.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	return squashtest.Make(t, dir)
}

func TestMountTable(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	m, found, err := state.MountAt(dir)
	if err != nil || !found || m.Type != "fuse.pinfs" || m.Source != "file:///x,y/N" {
		t.Errorf("mount table: %+v, %v, %v", m, found, err)
	}
	out := command(t, "findmnt", "-n", "-o", "OPTIONS", dir)
	for _, option := range []string{"ro", "nosuid", "nodev", "allow_other", "default_permissions"} {
		if !strings.Contains(","+strings.TrimSpace(out)+",", ","+option+",") {
			t.Errorf("options %q lack %s", out, option)
		}
	}
	kib, err := os.ReadFile("/sys/class/bdi/" + m.Device + "/read_ahead_kb")
	if err != nil || strings.TrimSpace(string(kib)) != "1024" {
		t.Errorf("read-ahead = %q KiB, %v, want 1024", kib, err)
	}
	if doc, err := status.Of(t.Context(), dir); err != nil || doc.HolderPID != who.HolderPID || doc.WorkerPID != who.WorkerPID {
		t.Errorf("status = %+v, %v, want holder %d, worker %d", doc, err, who.HolderPID, who.WorkerPID)
	}
}

func TestRefusedMountpoints(t *testing.T) {
	dir, _ := mount(t, job{Image: small(t)})
	parent := filepath.Dir(dir)
	file, link := filepath.Join(parent, "file"), filepath.Join(parent, "link")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		dir  string
		want error
		text string
	}{
		{filepath.Join(parent, "none"), fetch.ErrNotFound, "mkdir -p"},
		{file, nil, "not a directory"},
		{dir, fetch.ErrConflict, "pinfs umount " + dir},
		{link, fetch.ErrConflict, "pinfs umount " + dir},
		{"/proc", fetch.ErrConflict, "type proc"},
	}
	for _, tt := range tests {
		err := holder.Mount(t.Context(), specOf(t, tt.dir, job{Image: small(t)}))
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Mount(%s) = %v, want %v and %q", tt.dir, err, tt.want, tt.text)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
		t.Errorf("first mount after that: %q, %v", b, err)
	}
}

func TestFailedPreparation(t *testing.T) {
	tests := []struct {
		refuse string
		want   error
		text   string
	}{
		{string(fetch.ErrDenied), fetch.ErrDenied, "origin: denied"},
		{string(fetch.ErrCorrupt), fetch.ErrCorrupt, "origin: corrupt"},
		{"panic", nil, "worker ended before it was prepared"},
	}
	for _, tt := range tests {
		dir := mountpoint(t)
		err := holder.Mount(t.Context(), specOf(t, dir, job{Refuse: tt.refuse}))
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("Mount with %s = %v, want %v and %q", tt.refuse, err, tt.want, tt.text)
		}
		nothingLeft(t, dir)
	}
	dir := mountpoint(t)
	if err := holder.Mount(t.Context(), specOf(t, dir, job{Image: "/dev/null"})); err == nil {
		t.Error("Mount of an empty image = nil error")
	}
	if err := holder.Mount(t.Context(), specOf(t, dir, job{Image: small(t)}, "nonsense")); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("Mount with an unknown option = %v", err)
	}
	nothingLeft(t, dir)
}

// TestImpatientMount: when the command gives up, the holder and a worker that hangs end, too.
func TestImpatientMount(t *testing.T) {
	o, dir := newOrigin(t), mountpoint(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- holder.Mount(ctx, specOf(t, dir, job{Control: o.dir, Refuse: "hang"})) }()
	o.awaitHang()
	run, err := state.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	who, err := run.Read()
	for errors.Is(err, os.ErrNotExist) { // the worker is faster than the holder's note of it
		who, err = run.Read()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := watch(t, who.HolderPID, who.WorkerPID)
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Mount = %v, want Canceled", err)
	}
	ended()
	nothingLeft(t, dir)
}

func TestSignalUnmounts(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir, who := mount(t, job{Image: small(t)})
		ended := watch(t, who.HolderPID, who.WorkerPID)
		if err := errors.Join(syscall.Kill(who.WorkerPID, signal), syscall.Kill(who.HolderPID, signal)); err != nil {
			t.Fatal(err)
		}
		ended()
		nothingLeft(t, dir)
	}
}

// TestSignalWhileInUse: the name goes at once, who reads on can finish, then the processes end.
func TestSignalWhileInUse(t *testing.T) {
	dir, who := mount(t, job{Image: squashtest.Make(t, sample(t))})
	ended := watch(t, who.HolderPID, who.WorkerPID)
	f, err := os.Open(filepath.Join(dir, "deep/a/b/c/d/large"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Kill(who.HolderPID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, found, _ := state.MountAt(dir); found; _, found, _ = state.MountAt(dir) {
	}
	if b, err := io.ReadAll(f); err != nil || string(b) != string(noise(1, 5<<20+123)) {
		t.Errorf("read of an open file after the unmount: %d bytes, %v", len(b), err)
	}
	f.Close()
	ended()
	nothingLeft(t, dir)
}

func TestUnmountWhileInUse(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	ended := watch(t, who.HolderPID, who.WorkerPID)
	f, err := os.Open(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = holder.Unmount(t.Context(), dir)
	if !errors.Is(err, fetch.ErrConflict) || !strings.Contains(err.Error(), fmt.Sprintf("(pid %d)", os.Getpid())) || !strings.Contains(err.Error(), "--lazy") {
		t.Errorf("Unmount in use = %v, want a conflict that names this process and --lazy", err)
	}
	if err := holder.Detach(t.Context(), dir); err != nil {
		t.Errorf("Detach = %v", err)
	}
	if err := holder.Unmount(t.Context(), dir); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("Unmount after Detach = %v, want ErrNotFound", err)
	}
	f.Close()
	ended()
	nothingLeft(t, dir)
	if err := holder.Unmount(t.Context(), "/proc"); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Unmount(/proc) = %v, want ErrConflict", err)
	}
}

// TestForeignUnmount: umount(8) is as good as ours.
func TestForeignUnmount(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	ended := watch(t, who.HolderPID, who.WorkerPID)
	command(t, "umount", dir)
	ended()
	nothingLeft(t, dir)
}

// TestEndIsNoFailure: whichever of the worker's goroutines sees the end of the mount first, it is a good one.
func TestEndIsNoFailure(t *testing.T) {
	image := small(t)
	for range 25 {
		dir := mountpoint(t)
		spec, err := json.Marshal(specOf(t, dir, job{Image: image}))
		if err != nil {
			t.Fatal(err)
		}
		self := exec.Command("/proc/self/exe", "play-foreground")
		self.Stdin = strings.NewReader(string(spec))
		var said strings.Builder
		self.Stderr = &said
		out, err := self.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := self.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "f")); err != nil {
			t.Fatal(err)
		}
		command(t, "umount", dir)
		if err := self.Wait(); err != nil || strings.Contains(said.String(), "poll") {
			t.Fatalf("foreground = %v: %s", err, said.String())
		}
	}
}

func TestKilledHolder(t *testing.T) {
	for _, after := range []string{"unmount", "mount"} {
		t.Run(after, func(t *testing.T) {
			image := small(t)
			dir, who := mount(t, job{Image: image})
			ended := watch(t, who.HolderPID, who.WorkerPID)
			if err := syscall.Kill(who.HolderPID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			ended()
			if _, err := os.Stat(filepath.Join(dir, "f")); !errors.Is(err, unix.ENOTCONN) {
				t.Errorf("stat below a dead mount = %v, want ENOTCONN", err)
			}
			if doc, err := status.Of(t.Context(), dir); err != nil || doc.State != status.Dead {
				t.Errorf("status = %+v, %v, want dead", doc, err)
			}
			if after == "unmount" {
				if err := holder.Unmount(t.Context(), dir); err != nil {
					t.Errorf("Unmount = %v", err)
				}
				nothingLeft(t, dir)
				return
			}
			if err := holder.Mount(t.Context(), specOf(t, dir, job{Image: image})); err != nil {
				t.Fatalf("Mount again = %v", err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
				t.Errorf("read = %q, %v", b, err)
			}
		})
	}
}

func TestForeground(t *testing.T) {
	dir := mountpoint(t)
	spec, err := json.Marshal(specOf(t, dir, job{Image: squashtest.Make(t, sample(t))}))
	if err != nil {
		t.Fatal(err)
	}
	self := exec.Command("/proc/self/exe", "play-foreground")
	self.Stdin = strings.NewReader(string(spec))
	out, err := self.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("output %q, %v", line, err)
	}
	f, err := os.Open(filepath.Join(dir, "deep/a/b/c/d/large"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := self.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for _, found, _ := state.MountAt(dir); found; _, found, _ = state.MountAt(dir) {
	}
	// The file is still open: a second signal does not wait for it.
	if err := self.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := self.Wait(); err != nil {
		t.Errorf("foreground = %v", err)
	}
	nothingLeft(t, dir)
}

// nobody is an unprivileged user.
const nobody = 65534

// asUser runs a program as a user, with a /dev/fuse that everybody may open, as udev makes it and
// some containers do not. All of that is in a mount namespace of its own.
const asUser = `base=$1 user=$2; shift 2
mknod -m 666 "$base/fuse" c 10 229
mount --bind "$base/fuse" /dev/fuse
exec setpriv --reuid "$user" --regid "$user" --clear-groups "$@"`

// TestUser mounts without privileges, through fusermount3, and as the root of a user namespace, without.
func TestUser(t *testing.T) {
	t.Run("fusermount3", func(t *testing.T) { mountAsUser(t) })
	t.Run("namespace", func(t *testing.T) { mountAsUser(t, "unshare", "--user", "--map-root-user", "--mount") })
}

func mountAsUser(t *testing.T, through ...string) {
	base, err := os.MkdirTemp("/tmp", "pinfs-user-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	dir, program := filepath.Join(base, "a,b mnt"), filepath.Join(base, "program")
	image, err := os.ReadFile(small(t))
	if err == nil {
		err = errors.Join(os.Chmod(base, 0o755), os.Mkdir(dir, 0o755), os.Chown(dir, nobody, nobody), os.WriteFile(filepath.Join(base, "image"), image, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command(t, "cp", self, program)
	spec, err := json.Marshal(specOf(t, dir, job{Image: filepath.Join(base, "image")}))
	if err != nil {
		t.Fatal(err)
	}
	line := append([]string{"--mount", "sh", "-ec", asUser, "sh", base, strconv.Itoa(nobody)}, through...)
	cmd := exec.Command("unshare", append(line, program, "play-user")...)
	cmd.Stdin = strings.NewReader(string(spec))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR="}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as user %d: %v\n%s", nobody, err, out)
	}
	os.RemoveAll(fmt.Sprintf("/tmp/pinfs-%d", nobody))
}

// surviveAsUser kills the worker and upgrades.
func surviveAsUser(ctx context.Context, dir string, worker int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
		return err
	}
	for {
		err := holder.Upgrade(ctx, dir, self)
		if err == nil {
			break
		}
		if !errors.Is(err, fetch.ErrConflict) { // the next worker is just coming
			return err
		}
	}
	if doc, err := status.Of(ctx, dir); err != nil || doc.State != status.Serving || doc.WorkerPID == worker {
		return fmt.Errorf("status after kill and upgrade: %+v, %w", doc, err)
	}
	return nil
}

// user is what the unprivileged user of TestUser does.
func user(ctx context.Context) error {
	var spec holder.Spec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		return err
	}
	if err := holder.Mount(ctx, spec); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(spec.Mountpoint, "f"))
	if err != nil || string(b) != "bytes" {
		err = fmt.Errorf("read %q, %w", b, err)
	}
	m, found, err2 := state.MountAt(spec.Mountpoint)
	if !found || m.Source != spec.Source {
		err2 = fmt.Errorf("mount table: %+v, %w", m, err2)
	}
	doc, err3 := status.Of(ctx, spec.Mountpoint)
	if doc.State != status.Serving {
		err3 = fmt.Errorf("status: %+v, %w", doc, err3)
	}
	if err := surviveAsUser(ctx, spec.Mountpoint, doc.WorkerPID); err != nil {
		return errors.Join(err, holder.Unmount(ctx, spec.Mountpoint))
	}
	err4 := holder.Mount(ctx, spec)
	if errors.Is(err4, fetch.ErrConflict) {
		err4 = nil
	}
	return errors.Join(err, err2, err3, err4, holder.Unmount(ctx, spec.Mountpoint))
}
