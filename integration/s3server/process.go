package s3server

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// process is a child that dies with this one.
type process struct {
	child  *os.Process
	exited chan struct{}
	stderr bytes.Buffer // to be read when it has exited
}

// start runs cmd from a thread of its own that lives as long as the process does: the parent-death
// signal is bound to the thread.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{exited: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = &p.stderr
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.child = cmd.Process
	return p, nil
}

// stop kills the process and waits for its end.
func (p *process) stop() {
	p.child.Kill()
	<-p.exited
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// words is what the process said when it ended by itself.
func (p *process) words() string {
	<-p.exited
	text := strings.TrimSpace(p.stderr.String())
	return text[max(0, len(text)-2000):]
}
