package integration

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoCleansUpAfterItsReaderHasGone: a pipe that breaks in the middle leaves nothing behind.
func TestDemoCleansUpAfterItsReaderHasGone(t *testing.T) {
	u := newUser(t)
	tmp := t.TempDir()
	c := exec.Command(binary, "demo")
	c.Env = append(u.env, "TMPDIR="+tmp)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.Contains(lines.Text(), "entries read"); {
	}
	if err := stdout.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("demo without a reader ends with %v", err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if isMounted(t, filepath.Join(tmp, "mnt")) || len(processes(t, "TMPDIR="+tmp)) > 0 {
		t.Errorf("mounts or processes are left: %q", processes(t, "TMPDIR="+tmp))
	}
}
