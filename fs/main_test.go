package fs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
)

// The test binary plays all parts: a file system must not be served by the process that uses it.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	switch os.Args[1] {
	case "play-holder":
		exit(holder.Hold(ctx, func(string) {}))
	case "play-worker":
		exit(holder.Work(ctx, prepare))
	case "play-foreground":
		exit(foreground(ctx))
	case "play-stress":
		exit(stress(os.Args[2:]))
	case "play-user":
		exit(user(ctx))
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// job is what these tests tell their worker.
type job struct {
	Image   string        // file
	Control string        // directory through which the test plays the origin; see source
	Xattrs  bool          // fs.Config.Xattrs
	Timeout time.Duration // fs.Config.ReadTimeout
	Refuse  string        // fail like this instead of opening
	Table   bool          // fs.Config.TableOnly

	Deaf      bool // all workers but the first never read a request
	NeedsCure bool // only the first worker can open it, and those with PLAY_CURE in their environment
}

func prepare(ctx context.Context, j holder.Job) (holder.Server, error) {
	var todo job
	if err := json.Unmarshal(j.Spec.Job, &todo); err != nil {
		return nil, err
	}
	switch todo.Refuse {
	case "":
	case "panic":
		panic("told to")
	case "hang":
		tell(todo.Control)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	default:
		return nil, fmt.Errorf("origin: %w", fetch.Verdict(todo.Refuse))
	}
	if _, cured := os.LookupEnv("PLAY_CURE"); todo.NeedsCure && !cured && !first(j) {
		return nil, errors.New("only another version can open it")
	}
	src, err := openSource(todo)
	if err != nil {
		return nil, err
	}
	image, err := squash.Open(ctx, src, squash.Config{})
	if err != nil {
		return nil, err
	}
	src.open = true
	failures := new(status.Failures)
	about := func() string { return status.State(failures.Snapshot()) }
	t := tree.New(image, tree.Info{Pin: "fsverity-sha256:00", Name: "N", Revision: 3, Source: "file:///x", State: about})
	server := fs.New(t, fs.Config{
		Name: "N", Failures: failures, Xattrs: todo.Xattrs, ReadTimeout: todo.Timeout, TableOnly: todo.Table,
	})
	var serving holder.Server = server
	if todo.Deaf && !first(j) {
		serving = deaf{server}
	}
	return &observed{serving, j.Run, told(func() status.Document {
		return status.Document{
			Mountpoint: j.Spec.Mountpoint, State: about(), HolderPID: j.HolderPID, WorkerPID: os.Getpid(),
			Requests: server.Requests(), Errors: failures.Snapshot(), Log: j.Run.Log(),
		}
	})}, nil
}

// first reports whether no worker has been before this one.
func first(j holder.Job) bool {
	r, err := j.Run.Read()
	return errors.Is(err, os.ErrNotExist) || err == nil && r.Device == ""
}

// observed is a server with a status socket.
type observed struct {
	holder.Server
	run  state.Dir
	told told
}

func (o *observed) Serve(ctx context.Context, conn inflight.Conn, ready func()) error {
	if _, dying := os.LookupEnv("PLAY_DEATH"); dying {
		os.Exit(4)
	}
	socket, err := status.Listen(ctx, o.run.Socket())
	if err != nil {
		return err
	}
	go status.Serve(ctx, socket, o.told)
	return o.Server.Serve(ctx, conn, ready)
}

// told is a mount that has no trace.
type told func() status.Document

func (t told) Document() status.Document { return t() }

func (told) Trace(bool) status.Touched { return status.Touched{} }

// foreground mounts like `mount -f` and says so on standard output.
func foreground(ctx context.Context) error {
	var spec holder.Spec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		return err
	}
	return holder.Run(ctx, spec, func() { fmt.Println("ready") })
}

func specOf(t *testing.T, dir string, j job, options ...string) holder.Spec {
	t.Helper()
	b, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return holder.Spec{
		Mountpoint: dir, Source: "file:///x,y/N", Options: options, Job: b,
		Holder: []string{"play-holder"}, Worker: []string{"play-worker"},
	}
}

// mountpoint returns a new directory, free of links.
func mountpoint(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "mnt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mount mounts j and makes sure that mount and processes are gone after the test.
func mount(t *testing.T, j job, options ...string) (dir string, who state.Record) {
	t.Helper()
	dir = mountpoint(t)
	return dir, mountSpec(t, specOf(t, dir, j, options...))
}

// mountSpec is mount for a spec.
func mountSpec(t *testing.T, spec holder.Spec) (who state.Record) {
	t.Helper()
	dir := spec.Mountpoint
	if err := holder.Mount(t.Context(), spec); err != nil {
		t.Fatalf("Mount: %v", err)
	}
	run, err := state.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if who, err = run.Read(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended := watch(t, who.HolderPID, who.WorkerPID)
		log, _ := os.ReadFile(run.Log())
		if strings.Contains(string(log), "DATA RACE") {
			t.Error("a data race in holder or worker")
		}
		if t.Failed() {
			t.Logf("log of holder and worker:\n%s", log)
		}
		if _, found, _ := state.MountAt(dir); found {
			if err := holder.Unmount(context.Background(), dir); err != nil {
				t.Errorf("Unmount: %v", err)
				holder.Detach(context.Background(), dir)
			}
		}
		ended()
		nothingLeft(t, dir)
	})
	return who
}

// nothingLeft checks that no mount and no run directory is there.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	if m, found, err := state.MountAt(dir); err != nil || found {
		t.Errorf("left mounted at %s: %+v, %v", dir, m, err)
	}
	if run, err := state.Find(dir); err == nil {
		t.Errorf("run directory %s is left", run)
	}
}

// watch returns a function that waits for the end of processes.
func watch(t *testing.T, pids ...int) (ended func()) {
	t.Helper()
	var fds []int
	for _, pid := range pids {
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			fds = append(fds, fd)
		}
	}
	return func() {
		for _, fd := range fds {
			for n := 0; n == 0; {
				n, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
				n = max(n, 0)
			}
			unix.Close(fd)
		}
	}
}

func command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// dropCaches makes the kernel forget what it can.
func dropCaches(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0); err != nil {
		t.Fatal(err)
	}
}
