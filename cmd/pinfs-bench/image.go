package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// image is what is measured with.
type image struct {
	file string
	list string // file of tree.Save
	told result.Image
}

// image finds or makes the image with blocks of a size, and lists what it has.
func (b *bench) image(ctx context.Context, block string) (i image, err error) {
	i.told.Block = block
	switch {
	case b.cfg.image != "":
		i.told.Block = "unknown"
		i.file, err = filepath.Abs(b.cfg.image)
	case b.cfg.tree != "":
		i.file = filepath.Join(b.tmp, "tree-"+block)
		err = b.pack(ctx, b.cfg.tree, i.file, block)
	default:
		i.file, err = b.synthetic(ctx, block)
	}
	if err != nil {
		return i, err
	}
	fi, err := os.Stat(i.file)
	if err != nil {
		return i, err
	}
	i.told.Size = fi.Size()
	return i, b.listImage(ctx, &i)
}

// synthetic returns the image of a tree that is made; it is kept for the next run.
func (b *bench) synthetic(ctx context.Context, block string) (string, error) {
	shape := tree.Whole.Scaled(b.cfg.scale)
	file := filepath.Join(b.cfg.work, fmt.Sprintf("synthetic-%d-%d-%s.squashfs", shape.Packages, shape.Libraries, block))
	if exists(file) {
		return file, nil
	}
	dir := filepath.Join(b.tmp, "tree")
	b.say("make a tree")
	if err := tree.Make(ctx, dir, shape); err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	return file, b.pack(ctx, dir, file, block)
}

// pack makes an image, whole or not at all.
func (b *bench) pack(ctx context.Context, dir, file, block string) error {
	b.say("make an image of %s with blocks of %s", dir, block)
	partial := filepath.Join(b.tmp, "partial")
	c := exec.CommandContext(ctx, "mksquashfs", dir, partial, "-comp", "xz", "-b", block, "-quiet", "-no-progress")
	if out, err := c.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("mksquashfs: %w: %s; make tools installs it", err, strings.TrimSpace(string(out)))
	}
	return os.Rename(partial, file)
}

// listImage lists the image through the library.
func (b *bench) listImage(ctx context.Context, i *image) error {
	dir, err := b.dir("list")
	if err != nil {
		return err
	}
	p := peer.Library()
	m, err := p.Mount(ctx, peer.Image{File: i.file, Self: b.self, Work: b.tmp}, dir)
	if err != nil {
		return err
	}
	entries, err := tree.List(dir)
	if left := m.Unmount(); err == nil {
		err = left
	}
	if err != nil {
		return err
	}
	i.told.Entries = len(entries)
	for _, e := range entries {
		i.told.Bytes += e.Size
	}
	i.list = filepath.Join(dir, "list.json")
	return tree.Save(i.list, entries)
}
