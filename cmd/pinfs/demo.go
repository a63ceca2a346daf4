package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/demo"
	"github.com/spf13/cobra"
)

func (a *app) demoCommand() *cobra.Command {
	var keep bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show on this machine what pinfs is for",
		Long: `Make a sample image, publish it into a directory, mount it, overwrite it behind the mount, and show
that no reader ever gets a wrong byte. Needs nothing but the kernel's FUSE (and fusermount3 without
root), and removes what it made.`,
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave everything as it is at the end, mounted, to look at")
	return a.command(c, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		signal.Ignore(syscall.SIGPIPE) // a reader who goes must not keep it from cleaning up
		self, err := os.Executable()
		if err != nil {
			return err
		}
		return demo.Run(ctx, demo.Config{Self: self, Out: a.stdout, Keep: keep})
	})
}
