package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
)

func TestErrno(t *testing.T) {
	malformed := &squash.FormatError{What: "inode", Err: io.ErrUnexpectedEOF}
	overwritten := &fetch.OverwrittenError{Gone: true}
	wrap := func(err error) error { return fmt.Errorf("outer: %w", err) }
	tests := []struct {
		err     error
		want    fuse.Status
		verdict fetch.Verdict
	}{
		{nil, fuse.OK, status.Failed},
		{wrap(fetch.ErrCorrupt), fuse.EIO, fetch.ErrCorrupt},
		{wrap(overwritten), fuse.EIO, fetch.ErrOverwritten},
		{wrap(fetch.ErrUnavailable), fuse.EIO, fetch.ErrUnavailable},
		{wrap(fetch.ErrDenied), fuse.EIO, fetch.ErrDenied},
		{wrap(fetch.ErrNotFound), fuse.EIO, fetch.ErrNotFound},
		{wrap(malformed), fuse.EIO, fetch.ErrMalformed},
		{errors.Join(tree.ErrStale, malformed), fuse.Status(syscall.ESTALE), status.Failed},
		{wrap(tree.ErrStale), fuse.Status(syscall.ESTALE), status.Failed},
		{wrap(tree.ErrNotExist), fuse.ENOENT, status.Failed},
		{fmt.Errorf("%w: %w", fetch.ErrUnavailable, tree.ErrNotExist), fuse.EIO, fetch.ErrUnavailable},
		{wrap(tree.ErrNoXattr), fuse.ENODATA, status.Failed},
		{wrap(tree.ErrNoData), fuse.Status(syscall.ENXIO), status.Failed},
		{fmt.Errorf("%w: %w", errInterrupted, context.Canceled), fuse.EINTR, status.Failed},
		{context.Canceled, fuse.EIO, status.Failed},
		{wrap(context.DeadlineExceeded), fuse.EIO, fetch.ErrUnavailable},
		{wrap(iofs.ErrNotExist), fuse.EIO, status.Failed},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, fuse.EIO, status.Failed},
		{syscall.ESTALE, fuse.EIO, status.Failed},
		{errors.New("anything"), fuse.EIO, status.Failed},
	}
	for _, tt := range tests {
		if got := errno(tt.err); got != tt.want {
			t.Errorf("errno(%v) = %v, want %v", tt.err, got, tt.want)
		}
		if got := verdict(tt.err); got != tt.verdict {
			t.Errorf("verdict(%v) = %q, want %q", tt.err, got, tt.verdict)
		}
	}
}

func TestReportLogsOnceThenCounts(t *testing.T) {
	var out bytes.Buffer
	s := New(tree.New(new(squash.Image), tree.Info{}), Config{Name: "i", Log: slog.New(slog.NewTextHandler(&out, nil))})
	err := &fetch.OverwrittenError{Want: fetch.Location{URL: "s3://b/k"}, Gone: true}
	for range 3 {
		s.report(call{op: "read", node: 9, off: 4096, n: 10}, err)
	}
	s.report(call{op: "read", node: 9}, &squash.FormatError{What: "inode", Err: io.ErrUnexpectedEOF})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d log lines, want 2:\n%s", len(lines), &out)
	}
	for i, words := range [][]string{
		{"level=ERROR", "verdict=overwritten", "image=i", "node=9", "off=4096", "n=10", "s3://b/k is gone"},
		{"level=WARN", "verdict=malformed"},
	} {
		for _, w := range words {
			if !strings.Contains(lines[i], w) {
				t.Errorf("log line %q lacks %q", lines[i], w)
			}
		}
	}
	got := s.Failures()
	if len(got) != 2 || got[0].Count != 3 || got[0].Object != "s3://b/k" || got[1].Object != "i node 9" {
		t.Errorf("Failures = %+v", got)
	}
}

// refused is what several sources said.
type refused []error

func (refused) Error() string       { return "none has it" }
func (r refused) Refusals() []error { return r }
func (r refused) Unwrap() []error   { return r }

// TestSeveralSourcesFail: each object has its own verdict, and silence of one is an outage whatever the
// others said.
func TestSeveralSourcesFail(t *testing.T) {
	s := New(tree.New(new(squash.Image), tree.Info{}), Config{Name: "i", Log: slog.New(slog.DiscardHandler)})
	ctx := &deadline{had: s.cfg.ReadTimeout}
	err := fmt.Errorf("data block: %w", refused{
		fmt.Errorf("a: %w", fetch.ErrUnavailable), &verify.CorruptError{Location: fetch.Location{URL: "s3://b/x"}, Err: fetch.ErrCorrupt},
		&fetch.OverwrittenError{Want: fetch.Location{URL: "s3://c/x"}, Gone: true}, fmt.Errorf("d: %w", fetch.ErrUnavailable),
	})
	if code := s.status(ctx, call{op: "read"}, err); code != fuse.EIO {
		t.Errorf("status = %v, want EIO", code)
	}
	var got []string
	for _, f := range s.Failures() {
		got = append(got, string(f.Verdict)+" "+f.Object)
	}
	if want := []string{"corrupt s3://b/x", "overwritten s3://c/x", "unavailable i"}; !slices.Equal(got, want) {
		t.Errorf("failures %q, want %q", got, want)
	}
	if p := s.outage.patience(s.cfg.ReadTimeout, 0); p == s.cfg.ReadTimeout {
		t.Error("a silent source is no outage if another one is corrupt")
	}
}

func TestPanicIsOneEIO(t *testing.T) {
	var out bytes.Buffer
	s := New(tree.New(new(squash.Image), tree.Info{}), Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
	for range 2 {
		if got := s.recovered("boom"); got != fuse.EIO {
			t.Errorf("recovered = %v, want EIO", got)
		}
	}
	if n := strings.Count(out.String(), "boom"); n != 1 {
		t.Errorf("panic logged %d times, want once:\n%s", n, &out)
	}
}
