package xz

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGenerated: the assembly is what the generator writes.
func TestGenerated(t *testing.T) {
	const name = "symbols_amd64.s"
	fresh := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "run", "./internal/gen", fresh).CombinedOutput(); err != nil {
		t.Fatalf("gen: %v: %s", err, out)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what internal/gen writes (%v); run go generate", name, err)
	}
}
