package holder

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestShort: a worker's log is never much longer than it may be.
func TestShort(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line := append(bytes.Repeat([]byte{'x'}, 1<<20), '\n')
	for range 20 {
		if n, err := (short{f}).Write(line); n != len(line) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		if n := fileSize(f); n > maxLog+2*int64(len(line)) {
			t.Fatalf("%d bytes, want at most %d and a line", n, maxLog)
		}
	}
}
