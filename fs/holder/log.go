package holder

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// maxLog is how long a mount's log may become: it lies in memory. Then it begins anew.
const maxLog = 4 << 20

// openLog chooses where holder and worker write their messages.
func (h *hold) openLog() error {
	if !h.background {
		return nil
	}
	log, err := os.OpenFile(h.claim.Place().Log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	return unix.Dup3(int(log.Fd()), int(os.Stderr.Fd()), 0)
}

// trimLog keeps the log short. What stands on the standard error of a mount in the foreground is not ours.
func (h *hold) trimLog() {
	if h.background {
		trim(h.log)
	}
}

// trimLogUntil does so until ctx ends: what comes up as a worker may write what it likes.
func (h *hold) trimLogUntil(ctx context.Context) {
	const look = 100 * time.Millisecond
	for ctx.Err() == nil {
		h.trimLog()
		select {
		case <-time.After(look):
		case <-ctx.Done():
		}
	}
}

// trim begins log, which is appended to, anew when it has become too long.
func trim(log *os.File) {
	if fileSize(log) <= maxLog || log.Truncate(0) != nil {
		return
	}
	slog.New(slog.NewTextHandler(log, nil)).Warn("the log had become too long and begins anew", "n", maxLog)
}

// workerLog is standard error, kept short if it is the log of the mount at run.
func workerLog(run state.Dir) io.Writer {
	here, err := os.Stderr.Stat()
	there, err2 := os.Stat(run.Log())
	if err != nil || err2 != nil || !os.SameFile(here, there) {
		return os.Stderr
	}
	return short{os.Stderr}
}

// short is a log that looks at its length before it becomes longer.
type short struct{ *os.File }

func (s short) Write(p []byte) (int, error) {
	trim(s.File)
	return s.File.Write(p)
}

// lastWords returns the last line of the log since the worker began, if there is any: it may be the
// reason, and goes away with a mount that never came up.
func (w *worker) lastWords() string {
	f, err := os.Open(w.log)
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 4096)
	n, _ := f.ReadAt(b, max(w.quiet, fileSize(f)-int64(len(b)))) // io.EOF, as a rule
	text := strings.TrimSpace(string(b[:n]))
	if text == "" {
		return ""
	}
	return ": " + text[strings.LastIndexByte(text, '\n')+1:]
}

// fileSize is f's size in bytes, 0 if it has none.
func fileSize(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
