package main

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/spf13/cobra"
)

func (a *app) pinCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "pin FILE",
		Short: "Print the pin of a local file",
		Long: `Print the pin of a local file: its fs-verity digest, the same as
fsverity digest --hash-alg=sha256 --block-size=131072 FILE`,
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		built, err := pinOf(ctx, args[0])
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(struct {
				File string    `json:"file"`
				Pin  fetch.Pin `json:"pin"`
				Size int64     `json:"size"`
			}{args[0], built.Pin(), built.Size()})
		}
		_, err = fmt.Fprintln(a.stdout, built.Pin())
		return err
	}))
}

// pinOf hashes a file.
func pinOf(ctx context.Context, name string) (*manifest.Built, error) {
	f, err := openLocal(name)
	if err != nil {
		return nil, err
	}
	defer quietly(f)
	built, err := manifest.Build(ctx, f.File, manifest.BuildConfig{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return built, nil
}
