package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// namespace is set in the process that has a mount namespace of its own.
const namespace = "PINFS_BENCH_NAMESPACE"

func isolated() bool { return os.Getenv(namespace) != "" }

// exitCode ends this process as the one did that had the work.
type exitCode int

// Error says nothing more: the other process has.
func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// isolate runs this program again in a mount namespace of its own. Whatever that process mounts is gone
// with it and its children, also if it is killed.
func isolate(args []string) error {
	if os.Geteuid() != 0 {
		return errors.New("mounting and dropping caches needs root: run this as root")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	runtime.LockOSThread() // the parent-death signal is bound to the thread
	defer runtime.UnlockOSThread()
	c := exec.Command("/proc/self/exe", args[1:]...)
	c.Args[0] = args[0]
	c.Env = append(os.Environ(), namespace+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := c.Start(); err != nil {
		return fmt.Errorf("a mount namespace of its own: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = c.Process.Signal(s) // the only error is that it has ended
		case err := <-ended:
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				return exitCode(max(1, exit.ExitCode()))
			}
			return err
		}
	}
}
