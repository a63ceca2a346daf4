package main

import (
	"context"

	"github.com/pinfs/pinfs/fs/holder"
	"github.com/spf13/cobra"
)

func (a *app) umountCommand() *cobra.Command {
	var lazy bool
	c := &cobra.Command{
		Use:   "umount DIR",
		Short: "Unmount, and wait until the mount's processes have ended",
	}
	c.Flags().BoolVar(&lazy, "lazy", false, "take it away at once though it is in use; it ends with its last user")
	return a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if err := given(args); err != nil {
			return err
		}
		if lazy {
			return holder.Detach(ctx, args[0])
		}
		return holder.Unmount(ctx, args[0])
	})
}
