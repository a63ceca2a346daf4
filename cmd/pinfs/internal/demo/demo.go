// Package demo is the story that `pinfs demo` tells: it plays a user, calls the real commands and
// holds what they do to what they promise.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/sample"
)

// Config says how to tell it.
type Config struct {
	Self string    // the pinfs executable
	Out  io.Writer // where the story goes
	Keep bool      // leave mounts and files behind, to look at
}

// story is one run.
type story struct {
	Config
	dir    string   // everything lies below
	mounts []string // what is mounted now

	tree     sample.Tree
	ref, pin string // of the published image
}

// Run tells the story in a new temporary directory. It returns an error if anything is not as it has
// to be, and leaves nothing behind unless asked to.
func Run(ctx context.Context, cfg Config) error {
	dir, err := os.MkdirTemp("", "pinfs-demo-")
	if err != nil {
		return err
	}
	s := &story{Config: cfg, dir: dir}
	return errors.Join(s.tell(ctx), s.end(context.WithoutCancel(ctx)))
}

func (s *story) tell(ctx context.Context) error {
	for i, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"make an xz squashfs of some thousand files", s.makeImage},
		{"publish it: upload, read everything back, then name it", s.publish},
		{"mount it by its pin, compare every file", s.compareAll},
		{"overwrite the object behind a mount that has read a part of it", s.overwrite},
		{"ask the mount what happened", s.ask},
		{"mount the same pin from an intact copy of the store", s.intactCopy},
	} {
		s.say("\n%d. %s", i+1, step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("demo: %s: %w", step.title, err)
		}
	}
	s.say("\nAll as it should be: published bytes or an error, never a mixture.")
	return nil
}

// say prints one line; a reader who has gone is no reason to stop half-way.
func (s *story) say(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) }

// path is a file of the story's.
func (s *story) path(name string) string { return filepath.Join(s.dir, name) }

// store is the reference prefix of one of the story's stores.
func (s *story) store(name string) string { return "file://" + s.path(name) }

// end unmounts and removes everything, unless it is to be kept.
func (s *story) end(ctx context.Context) error {
	if s.Keep {
		s.say("\nKept. To look at it: pinfs status. To end it:\n  pinfs umount %s; rm -rf %s", strings.Join(s.mounts, "; pinfs umount "), s.dir)
		return nil
	}
	for len(s.mounts) > 0 {
		if err := s.umount(ctx, s.mounts[0]); err != nil {
			return err // what is mounted must not be removed
		}
	}
	return os.RemoveAll(s.dir)
}
