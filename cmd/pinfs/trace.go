package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/prefetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/spf13/cobra"
)

func (a *app) traceCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "trace [-o LISTFILE] DIR -- COMMAND [ARGUMENT...]",
		Short: "Record what a command reads of a mount, for --prefetch",
		Long: `Run a command and write which parts of the image mounted at DIR were read meanwhile, in their order. A
later mount of the same pin with --prefetch LISTFILE fetches them at once. Take a fresh mount: what is
in memory already is not read again.`,
	}
	c.Flags().StringVarP(&output, "output", "o", "", "`LISTFILE` to write (default standard output; what the command prints there goes to standard error)")
	return a.command(c, cobra.MinimumNArgs(2), func(ctx context.Context, args []string) error {
		if err := given(args[:1]); err != nil {
			return err
		}
		if output == "" {
			list, err := a.trace(ctx, args[0], args[1:], a.stderr)
			if err == nil {
				err = list.Write(a.stdout)
			}
			return err
		}
		list, err := a.trace(ctx, args[0], args[1:], a.stdout)
		if err == nil {
			err = a.writeList(list, output)
		}
		return err
	})
}

// trace runs a command that prints to out and returns what of the mount at dir was read.
func (a *app) trace(ctx context.Context, dir string, command []string, out io.Writer) (list prefetch.List, err error) {
	if _, err := status.Trace(ctx, dir, status.Begin); err != nil {
		return list, err
	}
	if err := a.execute(ctx, command, out); err != nil {
		return list, err
	}
	t, err := status.Trace(ctx, dir, status.Look)
	if err != nil {
		return list, err
	}
	pin, err := fetch.ParsePin(t.Pin)
	return prefetch.NewList(pin, t.Leaves), err
}

func (a *app) writeList(list prefetch.List, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(list.Write(f), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stderr, "pinfs: %d leaves in %d runs, written to %s\n", list.Leaves(), len(list.Runs), name)
	return err
}

// execute runs a command.
func (a *app) execute(ctx context.Context, command []string, out io.Writer) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, out, a.stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w; no list is written", command[0], err)
	}
	return nil
}
