package manifest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noise returns n bytes that are the same in every run.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{'p', 'i', 'n'}).Read(b)
	return b
}

// build is Build with the test's end when it fails.
func build(t testing.TB, image []byte, leafSize int) *Built {
	t.Helper()
	b, err := Build(context.Background(), bytes.NewReader(image), BuildConfig{LeafSize: leafSize})
	if err != nil {
		t.Fatalf("Build(%d bytes, leaf %d): %v", len(image), leafSize, err)
	}
	return b
}

// fsverity runs the real tool over a file and returns the digest and `cat D T`.
func fsverity(t *testing.T, path string, leafSize int) (digest string, manifest []byte) {
	t.Helper()
	d, m := filepath.Join(t.TempDir(), "D"), filepath.Join(t.TempDir(), "T")
	out, err := exec.Command("fsverity", "digest", "--compact", "--hash-alg=sha256", fmt.Sprintf("--block-size=%d", leafSize),
		"--out-descriptor="+d, "--out-merkle-tree="+m, path).CombinedOutput()
	if err != nil {
		t.Fatalf("fsverity (Debian package fsverity): %v: %s", err, out)
	}
	for _, name := range []string{d, m} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		manifest = append(manifest, b...)
	}
	return strings.TrimSpace(string(out)), manifest
}

// checkGolden compares pin and manifest of image with the tool's.
func checkGolden(t *testing.T, image []byte, leafSize int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	digest, want := fsverity(t, path, leafSize)
	got := build(t, image, leafSize)
	if got.Pin().Hex() != digest {
		t.Errorf("Build(%d bytes, leaf %d).Pin() = %s, fsverity says %s", len(image), leafSize, got.Pin().Hex(), digest)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("Build(%d bytes, leaf %d).Bytes(): %d bytes differ from fsverity's %d", len(image), leafSize, len(got.Bytes()), len(want))
	}
	if err := verifyAll(got.Pin(), want, image); err != nil {
		t.Errorf("fsverity's manifest of %d bytes, leaf %d: %v", len(image), leafSize, err)
	}
}

func TestBuildEqualsFsverity(t *testing.T) {
	for leaf := 4 << 10; leaf <= 1<<20; leaf *= 2 {
		sizes := []int{0, 1, leaf - 1, leaf, leaf + 1, 3*leaf + 5}
		if leaf == 4<<10 {
			block := leaf / 32 * leaf // image bytes that fill one hash block
			sizes = append(sizes, block-leaf, block-1, block, block+1, block+leaf, 2*block+7, block*leaf/32+1)
		}
		for _, size := range sizes {
			t.Run(fmt.Sprintf("leaf=%d/size=%d", leaf, size), func(t *testing.T) {
				checkGolden(t, noise(size), leaf)
			})
		}
	}
}

// TestBuildLargeEqualsFsverity takes the leaf of real pins past one full hash block.
func TestBuildLargeEqualsFsverity(t *testing.T) {
	const size = LeafSize/32*LeafSize + 1 // 4096 leaves and one byte
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	digest, want := fsverity(t, path, LeafSize)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := Build(context.Background(), f, BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Pin().Hex() != digest || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("Build(%d zero bytes).Pin() = %s, fsverity says %s", size, got.Pin().Hex(), digest)
	}
	if n := len(got.Path(4096)); n != 2 {
		t.Errorf("len(Path(4096)) = %d, want 2 levels", n)
	}
}

// frozen holds digests that `fsverity digest` printed for noise(size).
var frozen = []struct {
	size, leaf int
	pin        string
}{}

func TestFrozenPins(t *testing.T) {
	for _, f := range frozen {
		if got := build(t, noise(f.size), f.leaf).Pin().Hex(); got != f.pin {
			t.Errorf("Build(%d bytes, leaf %d).Pin() = %s, want %s", f.size, f.leaf, got, f.pin)
		}
	}
}
