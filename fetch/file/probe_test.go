package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

const probePrefix = ".pinfs/probe/"

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Probe(t.Context(), probePrefix)
	if err != nil || !found.Exclusive() {
		t.Errorf("Probe = %v, %v, want exclusive", found, err)
	}
	for _, what := range []fetch.Capability{fetch.ListAfterPut, fetch.Clock, fetch.Durable} {
		if found[what].Support != fetch.Honoured {
			t.Errorf("%s = %+v", what, found[what])
		}
	}
	wantEmpty(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := s.Probe(ctx, probePrefix); found != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Probe cancelled = %v, %v", found, err)
	}
	wantEmpty(t, dir)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestProbeLeavesTheStore: what is there stays.
func TestProbeLeavesTheStore(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".pinfs", "names"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Probe(t.Context(), probePrefix); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".pinfs", "names")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".pinfs", "probe")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}
