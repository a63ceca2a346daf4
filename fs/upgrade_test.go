package fs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// program is another copy of this one.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "program")
	command(t, "cp", self, name)
	return name
}

// script is a program that does what a shell says.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// runs checks which executable a process runs.
func runs(t *testing.T, pid int, want string) {
	t.Helper()
	if got, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || got != want {
		t.Errorf("process %d runs %s, %v, want %s", pid, got, err, want)
	}
}

// TestUpgradeUnderLoad: readers notice nothing while one version after the other takes over, and what
// takes over is a mount like any other.
func TestUpgradeUnderLoad(t *testing.T) {
	tree, files := library(t)
	for name, table := range ways {
		t.Run(name, func(t *testing.T) {
			dir, who := mount(t, job{Image: squashtest.Make(t, tree), Table: table})
			readers := newCrew(t, dir, files, 8)
			worker := who.WorkerPID
			for range 4 {
				next := program(t)
				if err := holder.Upgrade(t.Context(), dir, next); err != nil {
					t.Fatalf("Upgrade = %v", err)
				}
				doc := serving(t, dir, worker)
				if doc.HolderPID != who.HolderPID || doc.Restarts != 0 {
					t.Errorf("status after an upgrade = %+v, want holder %d and no restart", doc, who.HolderPID)
				}
				worker = doc.WorkerPID
				runs(t, doc.HolderPID, next)
				runs(t, worker, next)
			}
			kill(t, worker)
			runs(t, serving(t, dir, worker).WorkerPID, readlink(t, who.HolderPID))
			readers.end()
			if err := holder.Mount(t.Context(), specOf(t, dir, job{})); !errors.Is(err, fetch.ErrConflict) {
				t.Errorf("Mount over it = %v, want a conflict", err)
			}
		})
	}
}

func readlink(t *testing.T, pid int) string {
	t.Helper()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// TestFailedUpgrade: whatever is wrong with the new version, the mount goes on.
func TestFailedUpgrade(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		what, executable, text string
		restarts               int
	}{
		{"missing", "/nonexistent", "no such file", 0},
		{"no program", small(t), "permission denied", 0},
		{"failing", "/bin/false", "exit status 1", 0},
		{"silent", "/bin/true", "ended before it was prepared", 0},
		{"talking", script(t, "echo it does not work here >&2; exit 1"), "it does not work here", 0},
		{"can not hold", script(t, `test "$1" = play-worker && exec `+self+` "$@"; exit 7`), "can not become the holder", 0},
		{"dies when it takes over", script(t, `PLAY_DEATH=yes exec `+self+` "$@"`), "ended before it was serving", 1},
	}
	dir, who := mount(t, job{Image: small(t)})
	restarts := 0
	for _, tt := range tests {
		before := serving(t, dir, 0)
		err := holder.Upgrade(t.Context(), dir, tt.executable)
		if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), "goes on with the version it had") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Upgrade = %v, want %q", tt.what, err, tt.text)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
			t.Errorf("%s: read = %q, %v", tt.what, b, err)
		}
		restarts += tt.restarts
		doc := serving(t, dir, 0)
		if doc.Restarts != restarts || tt.restarts == 0 && doc.WorkerPID != before.WorkerPID || doc.HolderPID != who.HolderPID {
			t.Errorf("%s: status = %+v, want %d restarts", tt.what, doc, restarts)
		}
		runs(t, doc.HolderPID, self)
		runs(t, doc.WorkerPID, self)
	}
	if err := holder.Upgrade(t.Context(), t.TempDir(), self); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("Upgrade of no mount = %v, want ErrNotFound", err)
	}
}

// upgradeThatHangs begins one to what does nothing, and returns that one's pid.
func upgradeThatHangs(ctx context.Context, t *testing.T, o *origin, dir string) (result chan error, pid int) {
	t.Helper()
	hanging := script(t, "echo $$ > "+o.dir+"/hanging; exec sleep infinity")
	result = make(chan error)
	go func() { result <- holder.Upgrade(ctx, dir, hanging) }()
	line, err := bufio.NewReader(o.hanging).ReadString('\n')
	if err == nil {
		pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		t.Fatal(err)
	}
	return result, pid
}

// TestUnmountDuringUpgrade: the upgrade is told what has overtaken it.
func TestUnmountDuringUpgrade(t *testing.T) {
	o := newOrigin(t)
	dir, _ := mount(t, job{Image: small(t)})
	result, pid := upgradeThatHangs(t.Context(), t, o, dir)
	ended := watch(t, pid)
	if err := holder.Unmount(t.Context(), dir); err != nil {
		t.Errorf("Unmount = %v", err)
	}
	if err := <-result; !errors.Is(err, fetch.ErrConflict) || !strings.Contains(err.Error(), "is being unmounted") {
		t.Errorf("Upgrade = %v, want a conflict with the unmount", err)
	}
	ended()
}

// TestImpatientUpgrade: when the command gives up, a new version that hangs ends, too; meanwhile there
// is no second upgrade.
func TestImpatientUpgrade(t *testing.T) {
	o := newOrigin(t)
	dir, who := mount(t, job{Image: small(t)})
	ctx, cancel := context.WithCancel(t.Context())
	result, pid := upgradeThatHangs(ctx, t, o, dir)
	if err := holder.Upgrade(t.Context(), dir, "/bin/true"); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("second Upgrade = %v, want a conflict", err)
	}
	ended := watch(t, pid)
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Upgrade = %v, want Canceled", err)
	}
	ended()
	if doc := serving(t, dir, 0); doc.WorkerPID != who.WorkerPID {
		t.Errorf("worker %d serves, want %d", doc.WorkerPID, who.WorkerPID)
	}
}

// TestUpgradeOfAWorkerThatHangs: what the old version can not answer in time the new one answers.
func TestUpgradeOfAWorkerThatHangs(t *testing.T) {
	for name, table := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			dir, _ := mount(t, job{Image: squashtest.Make(t, sample(t)), Control: o.dir, Timeout: time.Hour, Table: table})
			o.set("hang")
			large := make(chan error)
			go func() {
				b, err := os.ReadFile(filepath.Join(dir, "deep/a/b/c/d/large"))
				if err == nil && !bytes.Equal(b, noise(1, 5<<20+123)) {
					err = errors.New("wrong bytes")
				}
				large <- err
			}()
			o.awaitHang()
			o.set("")
			if err := holder.Upgrade(t.Context(), dir, program(t)); err != nil {
				t.Errorf("Upgrade = %v", err)
			}
			if err := <-large; err != nil {
				t.Errorf("read = %v", err)
			}
		})
	}
}

// TestUpgradeWithoutWorker: the new version can be the cure.
func TestUpgradeWithoutWorker(t *testing.T) {
	image := small(t)
	dir, who := mount(t, job{Image: image, NeedsCure: true})
	kill(t, who.WorkerPID)
	awaitState(t, dir, status.Restarting)
	for {
		err := holder.Upgrade(t.Context(), dir, script(t, "PLAY_CURE=yes exec "+readlink(t, who.HolderPID)+` "$@"`))
		if err == nil {
			break
		}
		if !errors.Is(err, fetch.ErrConflict) { // one of the old version is just failing
			t.Fatalf("Upgrade = %v", err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
		t.Errorf("read = %q, %v", b, err)
	}
}

// TestUpgradeInForeground: the process that a service manager watches stays the same one, and minds
// signals as before.
func TestUpgradeInForeground(t *testing.T) {
	dir := mountpoint(t)
	spec, err := json.Marshal(specOf(t, dir, job{Image: small(t)}))
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
	next := program(t)
	for range 3 {
		if err := holder.Upgrade(t.Context(), dir, next); err != nil {
			t.Errorf("Upgrade = %v", err)
		}
	}
	runs(t, self.Process.Pid, next)
	if b, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(b) != "bytes" {
		t.Errorf("read = %q, %v", b, err)
	}
	if err := self.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := self.Wait(); err != nil {
		t.Errorf("foreground = %v", err)
	}
	nothingLeft(t, dir)
}

// TestSignalAfterUpgrade: of a mount in use, which then lives until its last user leaves.
func TestSignalAfterUpgrade(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	f, err := os.Open(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := holder.Upgrade(t.Context(), dir, program(t)); err != nil {
		t.Fatal(err)
	}
	doc := serving(t, dir, who.WorkerPID)
	ended := watch(t, doc.HolderPID, doc.WorkerPID)
	if err := syscall.Kill(who.HolderPID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, found, _ := state.MountAt(dir); found; _, found, _ = state.MountAt(dir) {
	}
	if err := holder.Upgrade(t.Context(), dir, program(t)); err == nil {
		t.Error("Upgrade of what is being unmounted = nil")
	}
	f.Close()
	ended()
	nothingLeft(t, dir)
}

// TestDescriptors: a holder has no more open after it has replaced workers than before.
func TestDescriptors(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	if err := holder.Upgrade(t.Context(), dir, program(t)); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", who.HolderPID))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	const rounds = 8
	worker, before := serving(t, dir, who.WorkerPID).WorkerPID, count()
	for range rounds {
		kill(t, worker)
		worker = serving(t, dir, worker).WorkerPID
		if err := holder.Upgrade(t.Context(), dir, "/bin/false"); err == nil {
			t.Error("Upgrade to /bin/false = nil")
		}
	}
	if after := count(); after >= before+rounds/2 { // one or two may just be about to be closed
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// TestOnlyTheWorkerWaits: the kernel wakes all who wait for the device, for each request.
func TestOnlyTheWorkerWaits(t *testing.T) {
	dir, who := mount(t, job{Image: small(t)})
	if err := holder.Upgrade(t.Context(), dir, program(t)); err != nil {
		t.Fatal(err)
	}
	now := serving(t, dir, who.WorkerPID)
	if h, w := waiting(t, now.HolderPID), waiting(t, now.WorkerPID); h != 0 || w != 1 {
		t.Errorf("the holder waits for the device %d times, the worker %d times, want 0 and 1", h, w)
	}
}

// waiting counts the descriptors of /dev/fuse that a process polls.
func waiting(t *testing.T, pid int) (n int) {
	t.Helper()
	infos, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range infos {
		b, _ := os.ReadFile(name) // it may be closed by now
		for line := range strings.Lines(string(b)) {
			var fd int
			if k, _ := fmt.Sscanf(line, "tfd: %d", &fd); k != 1 {
				continue
			}
			if to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); to == "/dev/fuse" {
				n++
			}
		}
	}
	return n
}

// TestScores: when memory is short the kernel takes the worker.
func TestScores(t *testing.T) {
	_, who := mount(t, job{Image: small(t)})
	score := func(pid int) int {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid))
		n, err2 := strconv.Atoi(strings.TrimSpace(string(b)))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if h, w, own := score(who.HolderPID), score(who.WorkerPID), score(os.Getpid()); h > own || w < min(own+500, 1000) {
		t.Errorf("oom_score_adj of the holder %d, of the worker %d, of this test %d", h, w, own)
	}
}

// TestUpgradeToWhatTalks: an executable that is no pinfs does not fill the memory in which the log lies.
func TestUpgradeToWhatTalks(t *testing.T) {
	dir, _ := mount(t, job{Image: small(t)})
	run, err := state.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Upgrade(t.Context(), dir, "/usr/bin/yes"); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("Upgrade to what never ends = %v", err)
	}
	if log, err := os.ReadFile(run.Log()); err != nil || bytes.Contains(log, []byte("y\ny\n")) {
		t.Errorf("a log of %d bytes, %v, of what was only tried", len(log), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- holder.Upgrade(ctx, dir, script(t, `test -n "$PINFS_HOLDER_REHEARSAL" || exec yes`))
	}()
	awaitLog(t, run, "begins anew")
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Upgrade = %v, want Canceled", err)
	}
}
