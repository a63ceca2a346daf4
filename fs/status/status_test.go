package status_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// claim makes a mount that has a holder (this process) but no file system.
func claim(t *testing.T) (mountpoint string, c *state.Claim) {
	t.Helper()
	mountpoint, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if c, err = state.New(mountpoint); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Remove()
		_ = c.Dir.Sweep() // if it was abandoned
	})
	if err := c.Write(state.Record{Mountpoint: mountpoint, HolderPID: 11, WorkerPID: 12}); err != nil {
		t.Fatal(err)
	}
	return mountpoint, c
}

func TestOfWorker(t *testing.T) {
	mountpoint, c := claim(t)
	want := status.Document{
		Mountpoint: mountpoint, Kind: "tree", Pin: "p", State: status.Serving, Since: time.Now().UTC().Round(0),
		HolderPID: 11, WorkerPID: 12, Size: 5, Requests: 7,
		Errors: []status.Failure{{Verdict: fetch.ErrCorrupt, Object: "o", Count: 1, Message: "m"}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	socket, err := status.Listen(ctx, c.Dir.Socket())
	if err != nil {
		t.Fatal(err)
	}
	go func() { served <- status.Serve(ctx, socket, fixed{want}) }()
	got, err := status.Of(t.Context(), mountpoint)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Of = %+v, %v, want %+v", got, err, want)
	}
	for step, want := range map[status.Step][]int64{status.Begin: {}, status.Look: {3, 1, 2}} {
		if got, err := status.Trace(t.Context(), mountpoint, step); err != nil || !reflect.DeepEqual(got.Leaves, want) {
			t.Errorf("Trace(%s) = %+v, %v, want %v", step, got, err, want)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v after the end of its context, want nil", err)
	}
}

func TestOfNoWorker(t *testing.T) {
	mountpoint, c := claim(t)
	if doc, err := status.Of(t.Context(), mountpoint); err != nil || doc.State != status.Starting || doc.HolderPID != 11 {
		t.Errorf("Of without socket = %+v, %v, want %q", doc, err, status.Starting)
	}
	if err := c.Abandon(); err != nil {
		t.Fatal(err)
	}
	if doc, err := status.Of(t.Context(), mountpoint); err != nil || doc.State != status.Dead {
		t.Errorf("Of without holder = %+v, %v, want %q", doc, err, status.Dead)
	}
	all, err := status.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, doc := range all {
		found = found || doc.Mountpoint == mountpoint && doc.State == status.Dead
	}
	if !found {
		t.Errorf("All = %+v, does not show %s as dead", all, mountpoint)
	}
}

func TestOfNothing(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := status.Of(t.Context(), dir); !errors.Is(err, fetch.ErrNotFound) {
			t.Errorf("Of(%s) = %v, want ErrNotFound", dir, err)
		}
	}
}

// fixed is a mount that always tells the same.
type fixed struct{ doc status.Document }

func (f fixed) Document() status.Document { return f.doc }

func (f fixed) Trace(begin bool) status.Touched {
	if begin {
		return status.Touched{Leaves: []int64{}}
	}
	return status.Touched{Leaves: []int64{3, 1, 2}}
}
