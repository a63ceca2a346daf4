package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// TestHangingFileSystem has more reads than wait at a time never end: each reader is told at its deadline,
// and all is well once the file system answers.
func TestHangingFileSystem(t *testing.T) {
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "key"), []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s.calls = make(chan struct{}, maxCalls)
		answers := make(chan struct{})
		for range maxCalls + 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			_, err := within(ctx, s, func() (int, error) { <-answers; return 0, nil })
			if !errors.Is(err, fetch.ErrUnavailable) || time.Since(began) != time.Second {
				t.Errorf("a read that hangs ends with %v after %v, want unavailable at its deadline", err, time.Since(began))
			}
			cancel()
		}
		if n := len(s.calls); n != maxCalls {
			t.Errorf("%d reads wait, want %d", n, maxCalls)
		}
		close(answers)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if p, _, err := s.Get(ctx, "key", 10); err != nil || string(p) != "bytes" {
			t.Errorf("Get = %q, %v", p, err)
		}
	})
}
