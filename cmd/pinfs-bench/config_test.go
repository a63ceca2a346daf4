package main

import (
	"slices"
	"strings"
	"testing"
)

func parsed(t *testing.T, args ...string) config {
	t.Helper()
	cfg, err := parse(append([]string{"/x/pinfs-bench", "--pinfs", built + "/pinfs"}, args...), t.Output())
	if err != nil {
		t.Fatalf("parse(%q): %v", args, err)
	}
	return cfg
}

func TestDefaults(t *testing.T) {
	cfg := parsed(t)
	if !slices.Equal(cfg.workloads, storyNames()) || !slices.Equal(cfg.settings, []string{"local", "s3"}) || len(cfg.peers) > 0 {
		t.Errorf("not everything is measured without flags: %+v", cfg)
	}
	if want := "pinfs-bench --pinfs " + built + "/pinfs"; cfg.command != want {
		t.Errorf("command %q, want %q", cfg.command, want)
	}
}

func TestLists(t *testing.T) {
	cfg := parsed(t, "--block", "128K,1M", "--peers", "pinfs,s3fs,")
	if !slices.Equal(cfg.blocks, []string{"128K", "1M"}) || !slices.Equal(cfg.peers, []string{"pinfs", "s3fs"}) {
		t.Errorf("blocks %q, peers %q", cfg.blocks, cfg.peers)
	}
	if a, b := name("s3", "128K", cfg.blocks), name("s3", "1M", cfg.blocks); a == b {
		t.Errorf("both images are called %s", a)
	}
}

// TestStories also holds that a step has one name wherever it is told of.
func TestStories(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range stories[1:] {
		for i, step := range s.steps(parsed(t)) {
			if seen[step.name] {
				t.Errorf("%q occurs twice", step.name)
			}
			seen[step.name] = true
			if step.cold != (i == 0) || step.cold != strings.HasSuffix(step.name, ", cold") {
				t.Errorf("%s: step %d, cold %v: the first one of a mount is cold, and says so", step.name, i, step.cold)
			}
		}
	}
}
