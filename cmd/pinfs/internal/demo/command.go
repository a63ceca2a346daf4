package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// pinfs runs one command, shows it as a user would see it, and returns what it printed.
func (s *story) pinfs(ctx context.Context, args ...string) (string, error) {
	s.say("   $ pinfs %s", strings.Join(args, " "))
	out, err := s.quietly(ctx, args...)
	for line := range strings.Lines(out) {
		s.say("   %s", strings.TrimRight(line, "\n"))
	}
	return out, err
}

// quietly runs a command without showing it.
func (s *story) quietly(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, s.Self, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return stdout.String(), fmt.Errorf("pinfs %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// mount mounts ref at a directory of its own.
func (s *story) mount(ctx context.Context, ref, name string) (dir string, err error) {
	dir = s.path(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if _, err := s.pinfs(ctx, "mount", ref, dir); err != nil {
		return "", err
	}
	s.mounts = append(s.mounts, dir)
	return dir, nil
}

func (s *story) umount(ctx context.Context, dir string) error {
	_, err := s.quietly(ctx, "umount", dir)
	if err == nil {
		s.mounts = slices.DeleteFunc(s.mounts, func(m string) bool { return m == dir })
	}
	return err
}
