package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
	"github.com/pinfs/pinfs/integration/s3server"
)

// built is a directory with the harness and pinfs.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() (code int) {
		if os.Geteuid() != 0 {
			fmt.Fprintln(os.Stderr, "these tests mount file systems: run them as root")
			return 1
		}
		var err error
		if built, err = os.MkdirTemp("", "pinfs-bench"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		if out, err := exec.Command("go", "build", "-o", built, ".", "../pinfs").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		if _, err := s3server.Build(s3server.Versitygw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// harness is a command line of a small run, with its files below dir.
func harness(dir string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(built, "pinfs-bench"), append([]string{
		"--scale", "0.004", "--rounds", "1", "--random", "20", "--compilations", "2", "--work", dir, "--out", dir,
	}, args...)...)
}

// TestEachPeerDoesEachWorkload also holds that a program that is not installed here fails the test.
func TestEachPeerDoesEachWorkload(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "docs.md")
	if err := os.WriteFile(docs, []byte("<!-- pinfs-bench: make bench-docs writes what follows -->\n<!-- pinfs-bench: end -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	c := harness(dir, "--docs", docs)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	r := reported(t, dir)
	for i, peers := range [][]peer.Peer{peer.Local, peer.S3} {
		complete(t, r.Settings[i], peers)
	}
	if r.Settings[0].Digest != r.Settings[1].Digest {
		t.Error("the digests differ between here and S3")
	}
	if !strings.Contains(string(out), "random 4 KiB, cold") {
		t.Errorf("the table does not have all:\n%s", out)
	}
	if b, err := os.ReadFile(docs); err != nil || !strings.Contains(string(b), "bench/s3-origin.svg") || !exists(filepath.Join(dir, "bench/s3-origin.svg")) {
		t.Errorf("the document was not written: %v\n%s", err, b)
	}
	clean(t, dir)
}

func reported(t *testing.T, dir string) (r result.Result) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// complete wants each step from each peer, with the same sum.
func complete(t *testing.T, s result.Setting, peers []peer.Peer) {
	t.Helper()
	if len(s.Missing) > 0 {
		t.Errorf("%s: not measured: %v", s.Name, s.Missing)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if n := len(s.Steps()); n != 15 {
		t.Errorf("%s: %d steps, want 15: %q", s.Name, n, s.Steps())
	}
	for i, step := range s.Steps() {
		for _, p := range peers {
			if p.Only == startStory && i >= 3 {
				continue
			}
			if all := s.Of(step, p.Name); len(all) != 1 || all[0].Seconds <= 0 || all[0].Operations == 0 {
				t.Errorf("%s: %s of %s: %+v", s.Name, step, p.Name, all)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	for args, word := range map[string]string{
		"--peers nfs": "squashfuse_ll", "--workloads x": "sequential", "--rounds 0": "--rounds", "x": "only flags",
		"--settings moon": "local", "--tree a --image b": "one of them", "--pinfs /none": "make build",
	} {
		c := harness(t.TempDir(), strings.Fields(args)...)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), word) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%s: %v, %q, want one line with %q", args, err, out, word)
		}
	}
}

// TestMissingPrograms names who can not be measured, and goes on with the others.
func TestMissingPrograms(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	for _, name := range []string{"mksquashfs", "mount", "find", "losetup", "go"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	c := harness(dir, "--workloads", "list")
	c.Env = append(os.Environ(), "PATH="+bin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var missing []string
	for _, s := range reported(t, dir).Settings {
		for _, m := range s.Missing {
			missing = append(missing, m.Reason)
		}
	}
	want := []string{"squashfuse_ll is not installed", "s3fs is not installed", "rclone is not installed"}
	if !slices.Equal(missing, want) {
		t.Errorf("missing %q, want %q", missing, want)
	}
}
