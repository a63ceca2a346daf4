package holder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// Mount starts a holder in the background and returns when the mount can be used, or when it is
// sure that it can not be, with nothing left mounted and no process left. The error has the verdict
// that the holder or the worker found. When ctx ends before that, all is undone.
func Mount(ctx context.Context, spec Spec) error {
	dir, err := resolve(spec.Mountpoint) // here: the holder has another working directory
	if err != nil {
		return err
	}
	spec.Mountpoint = dir
	child, err := spawn(ownExecutable, spec.Holder, nil, &syscall.SysProcAttr{Setsid: true})
	if err != nil {
		return fmt.Errorf("start holder: %w", err)
	}
	defer child.link.close()
	stop := context.AfterFunc(ctx, child.link.close)
	defer stop()
	err = child.link.send(message{Event: start, Spec: &spec}, nil)
	if err == nil {
		err = child.expect(ready)
	}
	if err == nil {
		go func() { _ = child.wait() }() // a caller that lives on has no zombie of it
		return nil
	}
	child.link.close()
	end := child.wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("holder ended before it was ready (%v)", cmp.Or(end, error(io.EOF)))
	}
	return err
}

// process is a child with a link to it.
type process struct {
	*os.Process
	link *link
}

// wait returns why the process has ended, if not well.
func (p *process) wait() error {
	state, err := p.Process.Wait()
	if err == nil && !state.Success() {
		err = errors.New(state.String())
	}
	return err
}

// ownExecutable stays right when the file is replaced by a newer one.
const ownExecutable = "/proc/self/exe"

// spawn starts executable, this one or another version of it, with a link. Its messages go to log, nil
// for nowhere.
func spawn(executable string, args []string, log *os.File, attr *syscall.SysProcAttr) (*process, error) {
	ours, theirs, err := newPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	// Locks and pipes that the caller happens to have open are not ours to keep for as long as we live.
	// Kernels before 5.11 and some containers can not do it; then they are kept.
	_ = unix.CloseRange(inherited, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	cmd := exec.Command(executable, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{theirs} // becomes descriptor 3
	cmd.SysProcAttr = attr
	if log != nil {
		cmd.Stdout, cmd.Stderr = log, log
	}
	if err := cmd.Start(); err != nil {
		ours.close()
		return nil, err
	}
	return &process{cmd.Process, ours}, nil
}

// orders returns the link to the process that spawned this one, and its first message.
func orders() (*link, message, *os.File, error) {
	parent, err := newLink(inherited)
	if err != nil {
		return nil, message{}, nil, err
	}
	m, file, err := parent.receive()
	if err == nil && (m.Event != start || m.Spec == nil) {
		err = fmt.Errorf("first message is %q without spec", m.Event)
	}
	if err != nil {
		parent.close()
		return nil, m, nil, fmt.Errorf("parent process: %w", err)
	}
	if file == none {
		return parent, m, nil, nil
	}
	return parent, m, os.NewFile(file.Fd(), "table of requests"), nil
}

// expect waits until the child reports what; an Error if it reports a failure instead.
func (p *process) expect(what event) error {
	m, _, err := p.link.receive()
	switch {
	case err != nil:
		return err
	case m.Event == failed && m.Error != nil:
		return m.Error
	case m.Event != what:
		return fmt.Errorf("process %d reports %q, want %q", p.Pid, m.Event, what)
	}
	return nil
}

// resolve is state.Resolve with a text for people.
func resolve(dir string) (string, error) {
	abs, err := state.Resolve(dir)
	if err != nil {
		return "", mountpointError(dir, err)
	}
	if !utf8.ValidString(abs) {
		return "", fmt.Errorf("mountpoint %q is not valid UTF-8: mount at another one", abs)
	}
	return abs, nil
}
