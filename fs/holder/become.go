package holder

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// become replaces this process by worker's executable. It returns only if it can not.
func (h *hold) become(worker int, o *order) error {
	c, kept := h.carry(), []int{}
	keep := func(fd int) int {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, inherited) // without CLOEXEC
		if err != nil {
			copied = -1
		}
		kept = append(kept, copied)
		return copied
	}
	c.Lock, c.Device, c.Table = keep(int(h.claim.Lock().Fd())), keep(int(h.dev)), keep(int(h.table.File().Fd()))
	c.Worker, c.Order = h.worker.link.with(keep), o.link.with(keep)
	err := errors.New("descriptors can not be copied")
	if len(kept) == 5 && !slices.Contains(kept, -1) {
		err = h.execute(fmt.Sprintf("/proc/%d/exe", worker), c)
	}
	for _, fd := range kept {
		unix.Close(fd)
	}
	return fmt.Errorf("worker %d has taken over, but the holder could not become the same version: %w", worker, err)
}

func (h *hold) carry() carried {
	return carried{
		Version: carriedVersion, Spec: h.spec, Background: h.background, Score: h.score, Record: h.record,
		Mount: h.at, Run: h.claim.Dir, Lock: -1, Device: -1, Table: -1, Worker: -1, Order: -1,
	}
}

// with calls do with l's descriptor.
func (l *link) with(do func(fd int) int) (result int) {
	raw, err := l.conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { result = do(int(fd)) })
	}
	if err != nil {
		return -1
	}
	return result
}

// execute is execve(2). Signals that end the mount wait until the next version minds them.
func (h *hold) execute(executable string, c carried) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETFD, 0); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var had unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, sigset(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP), &had); err != nil {
		return err
	}
	err = syscall.Exec(executable, append([]string{os.Args[0]}, h.spec.Holder...), environ(carriedIn, strconv.Itoa(int(file.Fd()))))
	return errors.Join(err, unix.PthreadSigmask(unix.SIG_SETMASK, &had, nil))
}

// environ is the environment with one more variable.
func environ(name, value string) []string { return append(os.Environ(), name+"="+value) }

func sigset(signals ...syscall.Signal) *unix.Sigset_t {
	set := new(unix.Sigset_t)
	bits := uint(unsafe.Sizeof(set.Val[0])) * 8
	for _, s := range signals {
		set.Val[uint(s-1)/bits] |= 1 << (uint(s-1) % bits)
	}
	return set
}
