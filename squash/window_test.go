package squash_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestOpenReads counts what opening costs, with so little memory that the tables do not fit into what
// is read ahead.
func TestOpenReads(t *testing.T) {
	tree := t.TempDir()
	for i := range 3000 {
		name := filepath.Join(tree, fmt.Sprint(i))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(name, 100_000+i, 200_000+i); err != nil {
			t.Fatal(err)
		}
		squashtest.SetXattr(t, name, "user.number", fmt.Sprint(i))
	}
	squashtest.SetXattr(t, tree, "user.number", "0") // the root has the first set of all
	image := squashtest.Make(t, tree, "-noI", "-noX", "-noId")
	for _, c := range []struct{ cache, want int64 }{{0, 2}, {1 << 20, 2}, {64 << 10, 4}, {1, 5}} {
		src := squashtest.OpenSource(t, image)
		if _, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: c.cache}); err != nil {
			t.Fatal(err)
		}
		if got := src.Reads(); got != c.want {
			t.Errorf("Open with %d bytes of memory took %d reads, want %d", c.cache, got, c.want)
		}
	}
}

// TestTablesAreReadOnce looks up what lies in tables that were not read ahead: the second time around
// nothing is read.
func TestTablesAreReadOnce(t *testing.T) {
	tree := t.TempDir()
	r := rand.NewChaCha8([32]byte{1})
	const files = 900
	for i := range files {
		p := make([]byte, 3000)
		r.Read(p)
		if err := os.WriteFile(filepath.Join(tree, fmt.Sprint(i)), p, 0o600); err != nil {
			t.Fatal(err)
		}
		squashtest.SetXattr(t, filepath.Join(tree, fmt.Sprint(i)), "user.noise", string(p[:1500]))
	}
	src := squashtest.OpenSource(t, squashtest.Make(t, tree, "-b", "4K", "-noX"))
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 32 << 20, ReadAhead: -1})
	if err != nil {
		t.Fatal(err)
	}
	all := func() int64 {
		before := src.Reads()
		squashtest.SnapshotImage(t, m)
		return src.Reads() - before
	}
	if first, second := all(), all(); first < files || second != 0 {
		t.Errorf("%d reads the first time, %d the second, want at least %d and 0", first, second, files)
	}
}

func TestOffset(t *testing.T) {
	image := smallImage(t)
	want := squashtest.SnapshotImage(t, openAt(t, image, 0))
	for _, off := range []int{1, 512, 1_000_003} {
		p := append(bytes.Repeat([]byte("hsqs"), off/4+1)[:off], image...)
		squashtest.Compare(t, squashtest.SnapshotImage(t, openAt(t, p, int64(off))), want)
	}
	for off, want := range map[int64]string{-1: "offset -1", int64(len(image)) + 1: "should begin at byte", int64(len(image)): "only 0 bytes", 4: "not a squashfs"} {
		_, err := squash.Open(t.Context(), squashtest.NewSource(bytes.NewReader(image), int64(len(image))), squash.Config{Offset: off})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open at %d = %v, want an error with %q", off, err, want)
		}
	}
}

func openAt(t *testing.T, image []byte, off int64) *squash.Image {
	t.Helper()
	m, err := squash.Open(t.Context(), squashtest.NewSource(bytes.NewReader(image), int64(len(image))), squash.Config{Offset: off})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
