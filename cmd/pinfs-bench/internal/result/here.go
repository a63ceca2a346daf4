package result

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Here describes this machine.
func Here(now time.Time) Machine {
	m := Machine{Date: now.UTC().Format(time.DateOnly), CPU: "unknown processor", Cores: runtime.NumCPU(), Go: runtime.Version()}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = modelOf(string(b), m.CPU)
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		version, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-") // without what its builder calls it
		m.Kernel = "Linux " + version
	}
	m.DAMON = running("kdamond")
	return m
}

// running reports whether a process has a name that begins so.
func running(name string) bool {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, file := range names {
		if b, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(b), name) {
			return true
		}
	}
	return false
}

// modelOf finds the model of the first processor in /proc/cpuinfo.
func modelOf(cpuinfo, otherwise string) string {
	for line := range strings.Lines(cpuinfo) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
