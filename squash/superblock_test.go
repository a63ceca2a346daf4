package squash_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// smallImage returns the bytes of an image of a few files with small blocks, made with args.
func smallImage(t testing.TB, args ...string) []byte {
	t.Helper()
	tree := t.TempDir()
	for name, content := range map[string]string{
		"hello": "Hello, world!\n", "big": strings.Repeat("0123456789abcdef", 1200), "empty": "", "dir/a": "a", "dir/b": strings.Repeat("b", 5000),
	} {
		name = filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("hello", filepath.Join(tree, "link")); err != nil {
		t.Fatal(err)
	}
	squashtest.SetXattr(t, filepath.Join(tree, "hello"), "user.greeting", "yes")
	p, err := os.ReadFile(squashtest.Make(t, tree, append([]string{"-b", "4K", "-nopad"}, args...)...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, image []byte) (*squash.Image, error) {
	t.Helper()
	return squash.Open(t.Context(), squashtest.NewSource(bytes.NewReader(image), int64(len(image))), squash.Config{})
}

func TestOpenRefuses(t *testing.T) {
	image := smallImage(t)
	le := binary.LittleEndian
	for _, c := range []struct {
		name        string
		change      func(p []byte) []byte
		want        string
		unsupported bool
	}{
		{"empty", func(p []byte) []byte { return nil }, "only 0 bytes", false},
		{"short", func(p []byte) []byte { return p[:95] }, "only 95 bytes", false},
		{"text", func(p []byte) []byte { return bytes.Repeat([]byte("text"), 100) }, "not a squashfs", false},
		{"big-endian", func(p []byte) []byte { copy(p, "sqsh"); return p }, "big-endian", true},
		{"version", func(p []byte) []byte { p[28] = 3; return p }, "version 3.0", true},
		{"truncated", func(p []byte) []byte { return p[:len(p)-1] }, "the image is truncated", false},
		{"lzma", func(p []byte) []byte { p[20] = 2; return p }, "lzma", true},
		{"compressor", func(p []byte) []byte { p[20] = 77; return p }, "compressor 77", true},
		{"block size", func(p []byte) []byte { le.PutUint32(p[12:], 5000); return p }, "block size 5000", false},
		{"block size 2M", func(p []byte) []byte { le.PutUint32(p[12:], 2<<20); p[22] = 21; return p }, "block size 2097152", false},
		{"block log", func(p []byte) []byte { p[22] = 13; return p }, "contradict", false},
		{"no ids", func(p []byte) []byte { le.PutUint16(p[26:], 0); return p }, "no ids", false},
		{"many ids", func(p []byte) []byte { le.PutUint16(p[26:], 60000); return p }, "id table", false},
		{"id table", func(p []byte) []byte { le.PutUint64(p[48:], 1<<40); return p }, "id table", false},
		{"inode table", func(p []byte) []byte { le.PutUint64(p[64:], 1<<63); return p }, "inode table", false},
		{"xattr table", func(p []byte) []byte { le.PutUint64(p[56:], uint64(len(p))-3); return p }, "xattr table", false},
		{"root is a file", func(p []byte) []byte { le.PutUint64(p[32:], 0); return p }, "no directory", false},
		{"root nowhere", func(p []byte) []byte { le.PutUint64(p[32:], 1<<40); return p }, "root directory: malformed squashfs: inode", false},
		{"root", func(p []byte) []byte { p[39] = 1; return p }, "root inode", false},
		{"bytes used", func(p []byte) []byte { le.PutUint64(p[40:], 1<<63); return p }, "file system has", false},
	} {
		_, err := open(t, c.change(bytes.Clone(image)))
		if !errors.Is(err, squash.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Open = %v, want a FormatError with %q", c.name, err, c.want)
		}
		if errors.Is(err, errors.ErrUnsupported) != c.unsupported {
			t.Errorf("%s: Open = %v, unsupported should be %v", c.name, err, c.unsupported)
		}
	}
}

func TestOpenRefusesConfig(t *testing.T) {
	if _, err := squash.Open(t.Context(), squashtest.NewSource(bytes.NewReader(nil), 0), squash.Config{CacheBytes: -1}); err == nil || errors.Is(err, squash.ErrFormat) {
		t.Errorf("Open with a negative cache = %v", err)
	}
}
