package holder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// processes are pidfds: they mean these processes and no later ones with the same numbers.
type processes []int

// openProcesses leaves out those that have ended already.
func openProcesses(pids ...int) processes {
	var ps processes
	for _, pid := range pids {
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			ps = append(ps, fd)
		}
	}
	return ps
}

func (ps processes) close() {
	for _, fd := range ps {
		unix.Close(fd)
	}
}

// wait returns nil when all have ended, or ctx's error.
func (ps processes) wait(ctx context.Context) error {
	const look = 100 // ms between two looks at ctx
	for _, fd := range ps {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, look)
			if n == 1 {
				break
			}
			if err != nil && err != unix.EINTR {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// maxUsers bounds how many users of a mount are named.
const maxUsers = 5

// usersOf names the processes that have something open below dir: " by bash (pid 1), ...", or
// nothing if it sees none (they may belong to somebody else). It never touches the mount.
func usersOf(dir string) string {
	var users []string
	pids, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range pids {
		if !uses(proc, dir) {
			continue
		}
		if len(users) == maxUsers {
			users = append(users, "others")
			break
		}
		name, _ := os.ReadFile(proc + "/comm")
		users = append(users, fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(proc)))
	}
	if len(users) == 0 {
		return ""
	}
	return " by " + strings.Join(users, ", ")
}

// uses reports whether the process at proc has its place, program or an open or mapped file in dir.
func uses(proc, dir string) bool {
	links := []string{proc + "/cwd", proc + "/root", proc + "/exe"}
	for _, kind := range []string{"fd", "map_files"} {
		entries, _ := os.ReadDir(filepath.Join(proc, kind))
		for _, e := range entries {
			links = append(links, filepath.Join(proc, kind, e.Name()))
		}
	}
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && (target == dir || strings.HasPrefix(target, dir+"/")) {
			return true
		}
	}
	return false
}
