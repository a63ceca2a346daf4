package file

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"syscall"

	"github.com/pinfs/pinfs/fetch"
)

// explain adds the verdict, the object and what to do to an error of the filesystem. An error that
// already has a verdict keeps it, and a cancelled context gets none.
func explain(op, url string, err error) error {
	verdict, advice := classify(err)
	if verdict == "" {
		return fmt.Errorf("%s %s: %w", op, url, err)
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno // its wrappers repeat operation and path
	}
	return fmt.Errorf("%s %s: %w: %w%s", op, url, verdict, err, advice)
}

// classify is the table of what the errors of a filesystem mean. Advice begins with "; ".
func classify(err error) (verdict fetch.Verdict, advice string) {
	var body *bodyError
	switch {
	case errors.As(err, &body), fetch.VerdictOf(err) != "", errors.Is(err, context.Canceled):
		return "", ""
	case errors.Is(err, context.DeadlineExceeded):
		return fetch.ErrUnavailable, ""
	case errors.Is(err, iofs.ErrExist):
		return fetch.ErrConflict, ""
	case errors.Is(err, iofs.ErrNotExist), isNotDir(err):
		return fetch.ErrNotFound, ""
	case errors.Is(err, iofs.ErrPermission):
		return fetch.ErrDenied, "; check the owner and mode of the file and of the directories above it"
	case errors.Is(err, syscall.EROFS):
		return fetch.ErrDenied, "; mount it writable or use another store"
	case transient(err):
		return fetch.ErrUnavailable, "; check the disk or the file server and the kernel log"
	}
	return "", ""
}

// isNotDir reports a path that leads through a file.
func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// transientErrnos are what disks, file servers and dead FUSE mounts answer before somebody repairs
// or remounts them, and what a process out of descriptors gets.
var transientErrnos = []syscall.Errno{
	syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT, syscall.EAGAIN, syscall.EINTR, syscall.EMFILE, syscall.ENFILE,
	syscall.ENOMEM, syscall.ENOTCONN, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.ECONNREFUSED,
	syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ESHUTDOWN, syscall.EREMOTEIO,
}

func transient(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(transientErrnos, errno)
}
