package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/squash"
)

func TestExitCode(t *testing.T) {
	failed := func(err error) error { return &failure{err} }
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("unknown flag"), 2}, // what the command line parser says
		{&usageError{io.EOF}, 2},
		{failed(usage("no name in %q", "x")), 2},
		{failed(io.EOF), 1},
		{failed(fmt.Errorf("x: %w", fetch.ErrNotFound)), 3},
		{failed(fetch.ErrConflict), 4},
		{failed(&fetch.OverwrittenError{}), 5},
		{failed(fetch.ErrCorrupt), 6},
		{failed(fetch.ErrMalformed), 6},
		{failed(squash.ErrFormat), 6},
		{failed(fetch.ErrUnavailable), 7},
		{failed(fetch.ErrDenied), 8},
		{failed(fetch.ErrDisagree), 9},
		{failed(&holder.Error{Text: "from the worker", Verdict: fetch.ErrCorrupt}), 6},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exitCode(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(errors.Join(errors.New("a"), errors.New("b"))); got != "a; b" {
		t.Errorf("oneLine = %q, want %q", got, "a; b")
	}
	if got := oneLine(&failure{context.Canceled}); got != "interrupted" {
		t.Errorf("oneLine of a cancelled command = %q, want interrupted", got)
	}
}

// Nothing but data goes to standard output: an error leaves it empty.
func TestErrorsGoToStderr(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"pinfs", "resolve", "nowhere"}, &stdout, &stderr)
	if code != 2 || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.HasPrefix(stderr.String(), "pinfs: ") {
		t.Errorf("run = %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}
