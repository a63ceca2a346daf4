package squash_test

import (
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestDataDoNotEvictMetadata streams through many times more data than there is memory, and then
// looks at all files again.
func TestDataDoNotEvictMetadata(t *testing.T) {
	tree := t.TempDir()
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(tree, fmt.Sprintf("%05d-%0100d", i, i*i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]byte, 40<<20)
	rand.NewChaCha8([32]byte{4}).Read(p)
	if err := os.WriteFile(filepath.Join(tree, "large"), p, 0o600); err != nil {
		t.Fatal(err)
	}
	src := squashtest.OpenSource(t, squashtest.Make(t, tree, "-noI"))
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	stat := func() int64 {
		before := src.Reads()
		if n, err := statAll(m.FS(t.Context())); err != nil || n != 10_002 {
			t.Fatalf("%d names, %v", n, err)
		}
		return src.Reads() - before
	}
	if first := stat(); first < 20 {
		t.Fatalf("the metadata took %d reads, too few to tell anything", first)
	}
	if _, err := iofs.ReadFile(m.FS(t.Context()), "large"); err != nil {
		t.Fatal(err)
	}
	if again := stat(); again != 0 {
		t.Errorf("after streaming through data the metadata took %d reads, want 0", again)
	}
}
