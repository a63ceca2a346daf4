package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupted ends the harness in the middle.
func TestInterrupted(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		for _, peer := range []string{"kernel", "pinfs", "squashfuse_ll", "s3fs", "rclone"} {
			dir := t.TempDir()
			c := harness(dir, "--peers", peer, "--rounds", "1000", "--workloads", "list,random")
			stderr, err := c.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stderr)
			for lines.Scan() && !strings.Contains(lines.Text(), "round 2 of") {
			}
			if err := c.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			var last string
			for lines.Scan() {
				last = lines.Text()
			}
			_ = c.Wait() // by the signal, or with what follows
			awaitNothing(t, dir)
			if s == syscall.SIGKILL {
				continue
			}
			if last != "pinfs-bench: interrupted" || c.ProcessState.ExitCode() != 1 {
				t.Errorf("%v, %s: ends with %q, %v", s, peer, last, c.ProcessState)
			}
			clean(t, dir)
		}
	}
}

// clean wants nothing to be left below dir but what is meant to be.
func clean(t *testing.T, dir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dir, "run-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	awaitNothing(t, dir)
}

// awaitNothing returns when no process and no loop device has to do with dir any more.
func awaitNothing(t *testing.T, dir string) {
	t.Helper()
	for _, pid := range using(dir) {
		if out, err := exec.Command("tail", "--pid="+pid, "-f", os.DevNull).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	for len(loops(t, dir)) > 0 { // the kernel lets go of them a moment after their mounts
	}
}

// using lists the processes with dir on their command line.
func using(dir string) (pids []string) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte(dir)) {
			pids = append(pids, filepath.Base(filepath.Dir(name)))
		}
	}
	return pids
}

func loops(t *testing.T, dir string) (found []string) {
	t.Helper()
	names, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte(dir)) {
			found = append(found, name)
		}
	}
	return found
}
