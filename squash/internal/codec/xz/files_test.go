package xz

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// refused are good files, by parts of their names, with what a block of squashfs never has.
var refused = []string{"0cat", "0pad", "delta"}

// TestFilesOfXZUtils decodes the files that XZ Utils tests itself with.
func TestFilesOfXZUtils(t *testing.T) {
	names, err := filepath.Glob("testdata/xz-utils/*.xz")
	if err != nil || len(names) < 60 {
		t.Fatalf("Glob = %d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) { testFile(t, name) })
	}
}

func testFile(t *testing.T, name string) {
	packed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(filepath.Base(name), "good-") || isRefused(name) {
		if n, err := (Decoder{}).Decode(make([]byte, 10_000), packed); err == nil {
			t.Errorf("Decode = %d without an error", n)
		}
		return
	}
	want, err := exec.Command("xz", "--decompress", "--stdout", name).Output()
	if err != nil {
		t.Fatalf("xz: %v", err)
	}
	wantDecoded(t, name, packed, want)
}

func isRefused(name string) bool {
	for _, part := range refused {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// TestRefusalsSayWhy: what is well-formed but not decoded matches errors.ErrUnsupported.
func TestRefusalsSayWhy(t *testing.T) {
	for _, name := range []string{"good-0cat-empty", "good-1-3delta-lzma2", "unsupported-check", "unsupported-filter_flags-1", "unsupported-filter_flags-3"} {
		packed, err := os.ReadFile("testdata/xz-utils/" + name + ".xz")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (Decoder{}).Decode(make([]byte, 1000), packed); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: Decode = %v, want errors.ErrUnsupported", name, err)
		}
	}
}
