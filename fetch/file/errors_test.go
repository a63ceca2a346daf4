package file

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		err  error
		want fetch.Verdict
	}{
		{iofs.ErrNotExist, fetch.ErrNotFound},
		{syscall.ENOENT, fetch.ErrNotFound},
		{syscall.ENOTDIR, fetch.ErrNotFound},
		{syscall.EEXIST, fetch.ErrConflict},
		{syscall.EACCES, fetch.ErrDenied},
		{syscall.EPERM, fetch.ErrDenied},
		{syscall.EROFS, fetch.ErrDenied},
		{syscall.EIO, fetch.ErrUnavailable},
		{syscall.ESTALE, fetch.ErrUnavailable},
		{syscall.ETIMEDOUT, fetch.ErrUnavailable},
		{syscall.ENOTCONN, fetch.ErrUnavailable},
		{syscall.ENOSPC, ""},
		{syscall.ELOOP, ""},
		{context.Canceled, ""},
		{context.DeadlineExceeded, fetch.ErrUnavailable},
		{&bodyError{err: syscall.EIO}, ""},
		{&fetch.OverwrittenError{}, fetch.ErrOverwritten},
	} {
		err := explain("read", "file:///dir/key", &os.PathError{Op: "openat", Path: "key", Err: c.err})
		if got := fetch.VerdictOf(err); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("explain(%v) = %v with verdict %q, want %q and the cause", c.err, err, got, c.want)
		}
		if !strings.HasPrefix(err.Error(), "read file:///dir/key: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("explain(%v) = %q, want one line that names the object", c.err, err)
		}
	}
}
