package retry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// flaky answers from a list of errors, the last one for ever.
type flaky struct {
	errs  []error
	calls int
}

func (f *flaky) ReadAt(context.Context, []byte, int64) error {
	err := f.errs[min(f.calls, len(f.errs)-1)]
	f.calls++
	return err
}

func (f *flaky) Size() int64 { return 1 }

func TestSource(t *testing.T) {
	down := fmt.Errorf("s3://b/k: refused: %w", fetch.ErrUnavailable)
	for _, c := range []struct {
		name  string
		errs  []error
		want  error
		calls int
	}{
		{"first try", []error{nil}, nil, 1},
		{"third try", []error{down, down, nil}, nil, 3},
		{"permanent", []error{fetch.ErrDenied}, fetch.ErrDenied, 1},
		{"no verdict", []error{context.Canceled}, context.Canceled, 1},
		{"then permanent", []error{down, fetch.ErrOverwritten}, fetch.ErrOverwritten, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &flaky{errs: c.errs}
				err := NewSource(f, Config{}).ReadAt(t.Context(), nil, 0)
				if !errors.Is(err, c.want) || f.calls != c.calls {
					t.Errorf("ReadAt = %v after %d calls, want %v after %d", err, f.calls, c.want, c.calls)
				}
			})
		})
	}
}

func TestSourceGivesUpInTime(t *testing.T) {
	down := fmt.Errorf("s3://b/k: refused: %w", fetch.ErrUnavailable)
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{errs: []error{down}}
		start := time.Now()
		err := NewSource(f, Config{Total: 10 * time.Second}).ReadAt(t.Context(), nil, 0)
		if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "attempts") {
			t.Errorf("ReadAt = %v, want unavailable with the number of attempts", err)
		}
		if d := time.Since(start); d > 10*time.Second || f.calls < 4 {
			t.Errorf("gave up after %v and %d calls, want at most 10s and some calls", d, f.calls)
		}
	})
}

func TestDeadlineKeepsTheCause(t *testing.T) {
	down := fmt.Errorf("s3://b/k: refused: %w", fetch.ErrUnavailable)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := NewSource(&flaky{errs: []error{down}}, Config{}).ReadAt(ctx, nil, 0)
		if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("ReadAt = %v, want the refusal, not the bare deadline", err)
		}
	})
}

// silent never answers.
type silent struct{}

func (silent) ReadAt(ctx context.Context, _ []byte, _ int64) error {
	<-ctx.Done()
	return ctx.Err()
}

func (silent) Size() int64 { return 1 }

func TestSilenceIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := NewSource(silent{}, Config{}).ReadAt(ctx, nil, 0); !errors.Is(err, fetch.ErrUnavailable) {
			t.Errorf("ReadAt = %v, want unavailable", err)
		}
	})
}

func TestCancellationIsNotAVerdict(t *testing.T) {
	down := fmt.Errorf("refused: %w", fetch.ErrUnavailable)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		err := NewSource(&flaky{errs: []error{down}}, Config{}).ReadAt(ctx, nil, 0)
		if !errors.Is(err, context.Canceled) || fetch.VerdictOf(err) != "" {
			t.Errorf("ReadAt = %v, want context.Canceled alone", err)
		}
	})
}

func TestDefiniteErrorWinsOverAnEarlierOutage(t *testing.T) {
	full := errors.New("no space left on device")
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{errs: []error{fmt.Errorf("refused: %w", fetch.ErrUnavailable), full}}
		if err := NewSource(f, Config{}).ReadAt(t.Context(), nil, 0); err != full {
			t.Errorf("ReadAt = %v, want %v untouched", err, full)
		}
	})
}
