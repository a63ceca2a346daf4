package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWorkerOutOfMemory: the kernel ends the worker for lack of memory while a file is read; who reads
// it gets all of its bytes.
func TestWorkerOutOfMemory(t *testing.T) {
	u := newUser(t)
	tree := t.TempDir()
	write(t, filepath.Join(tree, "file"), 64<<20)
	dir := u.mount(u.ok("publish", squashfs(t, tree), "file://"+t.TempDir()+"//large"))
	before := u.status(dir)
	confine(t, before.WorkerPID, 6_000_000) // less than it needs on top of what it has
	dropCaches(t)
	want, err1 := os.ReadFile(filepath.Join(tree, "file"))
	got, err2 := os.ReadFile(filepath.Join(dir, "file"))
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes of %d, equal %v, %v", len(got), len(want), bytes.Equal(got, want), err)
	}
	d := u.status(dir)
	if d.Restarts != 1 || !strings.Contains(d.LastEnd, fmt.Sprintf("worker %d: signal: killed", before.WorkerPID)) {
		t.Errorf("status %+v, want one worker replaced that was killed", d)
	}
}

// confine lets a process have only so many bytes more than it has.
func confine(t *testing.T, pid, bytes int) {
	t.Helper()
	base, limit := "/sys/fs/cgroup", "memory.max"
	if _, err := os.Stat(base + "/memory/memory.limit_in_bytes"); err == nil { // version 1
		base, limit = base+"/memory", "memory.limit_in_bytes"
	}
	group := filepath.Join(base, fmt.Sprintf("pinfs-test-%d", pid))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skip("no memory can be withheld from a process here: ", err)
	}
	t.Cleanup(func() {
		_ = os.WriteFile(filepath.Join(base, "cgroup.procs"), fmt.Append(nil, pid), 0) // it has ended, as a rule
		if err := os.Remove(group); err != nil {
			t.Error(err)
		}
	})
	for file, value := range map[string]int{limit: bytes, "cgroup.procs": pid} {
		if err := os.WriteFile(filepath.Join(group, file), fmt.Append(nil, value), 0); err != nil {
			t.Skip("no memory can be withheld from a process here: ", err)
		}
	}
}
