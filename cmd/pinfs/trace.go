package main

import (
	"context"
	"errors"
	"fmt"
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
		Use:   "trace -o LISTFILE DIR -- COMMAND [ARGUMENT...]",
		Short: "Record what a command reads of a mount, for --prefetch",
		Long: `Run a command and write which parts of the image mounted at DIR were read meanwhile, in their order, to
LISTFILE. A later mount of the same pin with --prefetch LISTFILE fetches them at once. Take a fresh
mount: what is in memory already is not read again.`,
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write the list to")
	return a.command(c, cobra.MinimumNArgs(2), func(ctx context.Context, args []string) error {
		if output == "" {
			return usage("nowhere to write the list: name a file with -o LISTFILE")
		}
		return a.trace(ctx, args[0], args[1:], output)
	})
}

func (a *app) trace(ctx context.Context, dir string, command []string, output string) error {
	if _, err := status.Trace(ctx, dir, status.Begin); err != nil {
		return err
	}
	if err := a.execute(ctx, command); err != nil {
		return err
	}
	t, err := status.Trace(ctx, dir, status.Look)
	if err != nil {
		return err
	}
	pin, err := fetch.ParsePin(t.Pin)
	if err != nil {
		return err
	}
	list := prefetch.NewList(pin, t.Leaves)
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	if err := errors.Join(list.Write(f), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stderr, "pinfs: %d leaves in %d runs, written to %s\n", list.Leaves(), len(list.Runs), output)
	return err
}

// execute runs a command with our input and output.
func (a *app) execute(ctx context.Context, command []string) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, a.stdout, a.stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w; no list is written", command[0], err)
	}
	return nil
}
