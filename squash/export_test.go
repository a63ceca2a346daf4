package squash_test

import (
	"errors"
	iofs "io/fs"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestRefByNumber asks for each inode of an image whose export table has several blocks.
func TestRefByNumber(t *testing.T) {
	m, dir := largeDir(t, 2500)
	for _, e := range list(t, m, dir) {
		if ref, err := m.RefByNumber(t.Context(), e.Number); ref != e.Ref || err != nil {
			t.Fatalf("RefByNumber(%d) = %#x, %v, want %#x", e.Number, ref, err, e.Ref)
		}
	}
	for _, number := range []uint32{0, m.Superblock().Inodes + 1, 1 << 31, 1<<32 - 1} {
		if _, err := m.RefByNumber(t.Context(), number); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("RefByNumber(%d) = %v, want fs.ErrNotExist", number, err)
		}
	}
}

func TestRefByNumberWithoutExports(t *testing.T) {
	m := squashtest.Open(t, squashtest.Make(t, t.TempDir(), "-no-exports"), squash.Config{})
	if _, err := m.RefByNumber(t.Context(), 1); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, squash.ErrFormat) {
		t.Errorf("RefByNumber without an export table: %v, want errors.ErrUnsupported alone", err)
	}
}
