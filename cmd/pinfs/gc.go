package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch/gc"
	"github.com/spf13/cobra"
)

func (a *app) gcCommand() *cobra.Command {
	var cfg gc.Config
	c := &cobra.Command{
		Use:   "gc STORE",
		Short: "Remove what nobody needs from a store; without --delete tell what that would be",
		Long: `Remove images that no name stands for in any revision, parts of uploads that did not end, and what
killed publishers and probes have left behind. Without --delete it only tells what it would remove. What a
record names is never removed, nor what somebody is publishing.`,
	}
	c.Flags().DurationVar(&cfg.Grace, "grace", 24*time.Hour, "what is younger stays, whatever it is")
	c.Flags().BoolVar(&cfg.Delete, "delete", false, "really remove it")
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if cfg.Grace < gc.MinGrace {
			return usage("grace %s: want at least %s", cfg.Grace, gc.MinGrace)
		}
		return a.collect(ctx, args[0], cfg)
	}))
}

func (a *app) collect(ctx context.Context, arg string, cfg gc.Config) error {
	store, ref, err := a.prefix(arg)
	if err != nil {
		return err
	}
	if ref.Name != "" {
		return usage("%s: gc wants a store, without a name: images belong to all names", arg)
	}
	var rows [][]string
	var failed error
	cfg.Found = func(g gc.Garbage) {
		if g.Error != "" {
			failed = errors.Join(failed, fmt.Errorf("%s: %s", g.Object, g.Error))
		}
		if a.json {
			failed = errors.Join(failed, a.printJSON(g))
			return
		}
		rows = append(rows, []string{string(g.Kind), iec(g.Size), g.Age.Round(time.Second).String(), done(cfg, g), g.Object})
	}
	sum, err := gc.Run(ctx, store, cfg)
	if !a.json && len(rows) > 0 {
		err = errors.Join(err, a.printTable("KIND SIZE AGE WHAT OBJECT", rows))
	}
	if !a.json {
		fmt.Fprintln(a.stderr, collected(cfg, sum))
	}
	return errors.Join(err, failed)
}

// done says what became of g.
func done(cfg gc.Config, g gc.Garbage) string {
	switch {
	case !cfg.Delete:
		return "stays"
	case g.Removed:
		return "removed"
	}
	return "failed"
}

func collected(cfg gc.Config, sum gc.Summary) string {
	if cfg.Delete {
		return fmt.Sprintf("removed %d objects, %s", sum.Objects, iec(sum.Bytes))
	}
	return fmt.Sprintf("%d objects, %s, could be removed: call it with --delete", sum.Objects, iec(sum.Bytes))
}
