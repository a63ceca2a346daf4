package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/sample"
	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fs/status"
)

func (s *story) makeImage(ctx context.Context) (err error) {
	image := s.path("sample.squashfs")
	if s.tree, err = sample.Build(ctx, image); err != nil {
		return err
	}
	info, err := os.Stat(image)
	if err != nil {
		return err
	}
	s.say("   %d files, directories and links, %.1f MiB", len(s.tree), float64(info.Size())/(1<<20))
	return nil
}

func (s *story) publish(ctx context.Context) error {
	if err := os.Mkdir(s.path("store"), 0o755); err != nil {
		return err
	}
	out, err := s.pinfs(ctx, "publish", s.path("sample.squashfs"), s.store("store")+"//demo/sample")
	if err != nil {
		return err
	}
	s.ref = strings.TrimSpace(out)
	_, s.pin, _ = strings.Cut(s.ref, "@")
	out, err = s.pinfs(ctx, "pin", s.path("sample.squashfs"))
	if err == nil && strings.TrimSpace(out) != s.pin {
		err = fmt.Errorf("published as %s, the file is %s", s.pin, out)
	}
	return err
}

func (s *story) compareAll(ctx context.Context) error {
	dir, err := s.mount(ctx, s.ref, "mnt")
	if err != nil {
		return err
	}
	if err := s.tree.Check(ctx, dir); err != nil {
		return err
	}
	s.say("   all %d entries are right, all bytes compared", len(s.tree))
	return s.umount(ctx, dir)
}

// overwrite replaces the object by another valid image of the same size, which is the incident that
// nobody notices who compares sizes.
func (s *story) overwrite(ctx context.Context) error {
	if err := os.CopyFS(s.path("copy"), os.DirFS(s.path("store"))); err != nil {
		return err
	}
	dir, err := s.mount(ctx, s.ref, "mnt")
	if err != nil {
		return err
	}
	part := len(s.tree) / 16 // of more, all would be on its way already
	if err := s.mustBeRight(ctx, dir, s.tree[:part]); err != nil {
		return err
	}
	s.say("   %d entries read, all right; now the object is overwritten", part)
	if err := s.replaceObject(ctx); err != nil {
		return err
	}
	if err := s.mustBeRight(ctx, dir, s.tree[:part]); err != nil {
		return err
	}
	s.say("   cached:   the same %d entries again: all still right", part)
	return s.rightOrError(ctx, dir, s.tree[part:])
}

// mustBeRight checks entries of a mount, each of which has to be there and right.
func (s *story) mustBeRight(ctx context.Context, dir string, entries sample.Tree) error {
	for _, e := range entries {
		if err := errors.Join(ctx.Err(), e.Check(dir)); err != nil {
			return err
		}
	}
	return nil
}

// rightOrError checks entries that were not read before: some may be at hand all the same, because
// they lie beside others; the rest has to fail, and nothing may be wrong.
func (s *story) rightOrError(ctx context.Context, dir string, entries sample.Tree) error {
	right, failed, wrong := 0, 0, []error(nil)
	for _, e := range entries {
		err := e.Check(dir)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			right++
		case errors.Is(err, syscall.EIO):
			failed++
		default:
			wrong = append(wrong, err)
		}
	}
	s.say("   uncached: of the other %d, %d fail with EIO, %d were at hand and right, %d are wrong", len(entries), failed, right, len(wrong))
	if failed == 0 {
		wrong = append(wrong, errors.New("no read noticed the overwrite"))
	}
	return errors.Join(wrong...)
}

// replaceObject is what a careless upload does.
func (s *story) replaceObject(ctx context.Context) error {
	pin, err := fetch.ParsePin(s.pin)
	if err != nil {
		return err
	}
	object := filepath.Join(s.path("store"), record.ImageKey(pin))
	other := s.path("other.squashfs")
	if err := sample.Other(ctx, other, object); err != nil {
		return err
	}
	return os.Rename(other, object)
}

// ask shows the verdict and checks that it names the object and the reason.
func (s *story) ask(ctx context.Context) error {
	if _, err := s.pinfs(ctx, "status", s.path("mnt")); err != nil {
		return err
	}
	out, err := s.quietly(ctx, "status", "--json", s.path("mnt"))
	if err != nil {
		return err
	}
	var d status.Document
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		return err
	}
	for _, f := range d.Errors {
		if f.Verdict == fetch.ErrOverwritten && strings.Contains(f.Message, d.Source) {
			return nil
		}
	}
	return fmt.Errorf("no failure %q that names %s in %s", fetch.ErrOverwritten, d.Source, out)
}

func (s *story) intactCopy(ctx context.Context) error {
	dir, err := s.mount(ctx, s.store("copy")+"//demo/sample@"+s.pin, "mnt2")
	if err != nil {
		return err
	}
	if err := s.tree.Check(ctx, dir); err != nil {
		return err
	}
	s.say("   all %d entries are right", len(s.tree))
	return nil
}
