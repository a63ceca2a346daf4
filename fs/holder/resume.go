package holder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
)

// small keeps this process small: it has little to remember and never much to do.
func small() {
	debug.SetGCPercent(20)
	debug.SetMemoryLimit(8 << 20)
	runtime.GOMAXPROCS(1)
}

// errRehearsed is how a rehearsal ends that went well.
var errRehearsed = errors.New("rehearsed")

// resume returns what another version of this process has left it; nil if it began as itself.
func resume() (*carried, error) {
	fd, err := strconv.Atoi(os.Getenv(carriedIn))
	if err != nil {
		return nil, nil
	}
	rehearsing := os.Getenv(rehearsal) != ""
	err = errors.Join(os.Unsetenv(carriedIn), os.Unsetenv(rehearsal)) // not for the workers
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "holder's memory")
	defer f.Close()
	info, err2 := f.Stat()
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	b, c := make([]byte, info.Size()), new(carried)
	if _, err = f.ReadAt(b, 0); err == nil {
		err = json.Unmarshal(b, c)
	}
	if err == nil && c.Version != carriedVersion {
		err = fmt.Errorf("it is of format %d, this version knows %d", c.Version, carriedVersion)
	}
	if err != nil {
		return nil, fmt.Errorf("holder's memory: %w", err)
	}
	if rehearsing {
		return nil, errRehearsed
	}
	return c, nil
}

// resumed goes on where another version left off.
func (c *carried) resumed(ctx context.Context, up func(dir string)) error {
	ctx, hurry, stop := untilSignal(ctx)
	defer stop()
	h := &hold{spec: c.Spec, background: c.Background, score: c.Score, record: c.Record, at: c.Mount, log: os.Stderr}
	h.dev = handle(own(c.Device))
	h.claim = state.Resume(c.Run, os.NewFile(own(c.Lock), "lock"))
	var err error
	if h.table, err = inflight.Open(os.NewFile(own(c.Table), "table of requests")); err != nil {
		return err
	}
	if err := h.adopt(c); err != nil {
		return err
	}
	h.begin()
	if asked, err := newLink(int(own(c.Order))); err == nil {
		(&order{link: asked}).report(nil)
	}
	slog.Info("holder goes on as another version", "mountpoint", h.spec.Mountpoint)
	up(h.spec.Mountpoint)
	return h.finish(ctx, hurry)
}

// own is fd, not for children.
func own(fd int) uintptr {
	unix.CloseOnExec(fd)
	return uintptr(fd)
}

// adopt makes the process that serves, a child of ours as before, the worker.
func (h *hold) adopt(c *carried) error {
	found, err := os.FindProcess(c.Record.WorkerPID)
	if err != nil {
		return err
	}
	l, err := newLink(c.Worker)
	if err != nil {
		return err
	}
	h.worker = h.watch(&process{found, l})
	return nil
}
