package process

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what processes have used.
type Usage struct {
	CPU  time.Duration // user and system, since their start
	Peak int64         // bytes of memory that they had resident at most, added up
}

// tick is the unit of /proc/PID/stat, the same on every Linux.
const tick = time.Second / 100

// UsageOf adds up what some processes have used; one that has ended counts nothing.
func UsageOf(pids ...int) (u Usage, err error) {
	for _, pid := range pids {
		cpu, err := cpuOf(pid)
		if errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err != nil {
			return u, err
		}
		peak, err := peakOf(pid)
		if err != nil {
			return u, err
		}
		u.CPU, u.Peak = u.CPU+cpu, u.Peak+peak
	}
	return u, nil
}

// cpuOf reads the 14th and 15th field of proc_pid_stat(5). The second may have spaces.
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	const user, system = 14 - 3, 15 - 3
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	var ticks int64
	for _, i := range []int{user, system} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// peakOf reads the high-water mark of the resident set.
func peakOf(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(b), "VmHWM:")
	if !found {
		return 0, nil // it is just ending
	}
	var kib int64
	_, err = fmt.Sscanf(rest, "%d kB", &kib)
	return kib << 10, err
}
