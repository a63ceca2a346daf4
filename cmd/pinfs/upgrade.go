package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/spf13/cobra"
)

func (a *app) upgradeCommand() *cobra.Command {
	var all bool
	var binary string
	c := &cobra.Command{
		Use:   "upgrade [DIR|--all]",
		Short: "Let a mount go on with this version of pinfs, unnoticed by its readers",
		Long: `Let the mount at DIR, or all of yours, go on with the pinfs that you call. It opens and verifies the
image while the old one still serves; then the old one answers what it has, and the new one goes on.
If the new one does not come up, the old one stays.`,
	}
	c.Flags().BoolVar(&all, "all", false, "upgrade all mounts of this user; root: all of root's")
	c.Flags().StringVar(&binary, "binary", "", "go on with that `FILE` instead of this program")
	return a.command(c, cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if err := given(args); err != nil {
			return err
		}
		dirs, err := args, error(nil)
		switch {
		case all == (len(args) == 1):
			return usage("upgrade what? Give a mountpoint or --all")
		case all:
			dirs, err = holder.Mine()
		}
		executable, err2 := upgradeTo(binary)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		var failed []error // each mount for itself
		for _, dir := range dirs {
			failed = append(failed, a.upgrade(ctx, dir, executable))
		}
		return errors.Join(failed...)
	})
}

// upgradeTo is the absolute path of the program to go on with.
func upgradeTo(binary string) (string, error) {
	if binary == "" {
		return os.Executable()
	}
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: %s", fetch.ErrNotFound, binary)
	}
	return filepath.Abs(binary)
}

func (a *app) upgrade(ctx context.Context, dir, executable string) error {
	if err := holder.Upgrade(ctx, dir, executable); err != nil {
		return err
	}
	doc, err := status.Of(ctx, dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s %s\n", doc.Mountpoint, doc.Version)
	return err
}
