// Package process runs the servers that are measured.
package process

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Process is a child that is asked to end when this process dies, and that no signal of the terminal
// reaches: whoever started it ends it.
type Process struct {
	child  *os.Process
	exited chan struct{}
	said   bytes.Buffer // to be read when it has exited
}

// grace is far more than an orderly end takes.
const grace = 20 * time.Second

// Start starts cmd, from a thread that lives as long as the process does: the parent-death signal is
// bound to the thread.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{exited: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	cmd.WaitDelay = time.Second // what it started may hold its output
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ends is the business of whoever ends it
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.child = cmd.Process
	return p, nil
}

// PID is its number.
func (p *Process) PID() int { return p.child.Pid }

// Exited is closed when it has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Words is what it said at last, once it has ended.
func (p *Process) Words() string {
	<-p.exited
	text := strings.Join(strings.Fields(p.said.String()), " ")
	return text[max(0, len(text)-500):]
}

// Stop asks it to end, and makes it if it does not. It returns when the process has ended.
func (p *Process) Stop() {
	_ = p.child.Signal(syscall.SIGTERM) // the only error is that it has ended already
	select {
	case <-p.exited:
	case <-time.After(grace):
		_ = p.child.Kill()
		<-p.exited
	}
}
