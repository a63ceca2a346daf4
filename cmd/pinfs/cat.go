package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path"

	"github.com/pinfs/pinfs/fetch"
	"github.com/spf13/cobra"
)

func (a *app) catCommand() *cobra.Command {
	var at inside
	c := &cobra.Command{
		Use:   "cat REF PATH",
		Short: "Print one file of an image without mounting it, verified",
	}
	at.flags(c)
	return a.command(c, cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		o, _, err := a.openAnywhere(ctx, args[0], min(patience, a.cfg.Timeout))
		if err != nil {
			return err
		}
		defer o.Close()
		b, err := a.cfg.budget()
		if err != nil {
			return err
		}
		image, err := openSquash(ctx, o.Object, at, b.blocks())
		if err != nil {
			return err
		}
		return a.cat(image.FS(ctx), args[0], args[1])
	})
}

func (a *app) cat(tree iofs.FS, ref, name string) error {
	f, err := tree.Open(path.Clean("./" + path.Clean("/"+name)))
	if errors.Is(err, iofs.ErrNotExist) {
		return fmt.Errorf("%w: no file %s in %s", fetch.ErrNotFound, name, ref)
	}
	if err != nil {
		return fmt.Errorf("%s in %s: %w", name, ref, err)
	}
	defer quietly(f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return usage("%s in %s is not a regular file", name, ref)
	}
	_, err = io.Copy(a.stdout, f)
	return err
}
