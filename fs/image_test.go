package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// noise is n bytes that no compressor makes smaller, the same for the same seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(b)
	return b
}

// sample fills a directory with a few files that the tests use.
func sample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(
		os.MkdirAll(in("deep/a/b/c/d"), 0o755), os.Mkdir(in("empty"), 0o755),
		os.WriteFile(in("hello"), []byte("hello\n"), 0o644),
		os.WriteFile(in("text"), bytes.Repeat([]byte("all work and no play\n"), 100_000), 0o644),
		os.WriteFile(in("deep/a/b/c/d/large"), noise(1, 5<<20+123), 0o644),
		unix.Lsetxattr(in("hello"), "user.note", []byte("a value"), 0),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// crowd fills a directory with n small files called file-000000 and so on, and then tail.
func crowd(t *testing.T, n int, tail string) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%06d%s", i, tail)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
