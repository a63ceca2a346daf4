package integration

import (
	"net"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSystemdIsTold: a mount in the foreground tells a service manager that it is ready, and then again
// and again that it is alive, also as another version.
func TestSystemdIsTold(t *testing.T) {
	u := newUser(t)
	ref, dir := publishSmall(t, u), t.TempDir()
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	c := exec.Command(binary, "mount", "-f", ref, dir)
	c.Env = append(u.env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=300000")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	hear(t, manager, "READY=1", 1)
	hear(t, manager, "WATCHDOG=1", 3)
	u.ok("upgrade", dir)
	hear(t, manager, "WATCHDOG=1", 20) // more than can have been under way
	hello(t, dir)
	u.ok("umount", dir)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// hear waits until word was said n times.
func hear(t *testing.T, manager *net.UnixConn, word string, n int) {
	t.Helper()
	p := make([]byte, 100)
	for n > 0 {
		size, err := manager.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		if string(p[:size]) == word {
			n--
		}
	}
}
