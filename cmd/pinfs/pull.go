package main

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/spf13/cobra"
)

func (a *app) pullCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "pull REF",
		Short: "Fill the cache with all of an image",
		Long: `Fetch what the cache does not have of an image, and verify all of it. When it succeeds the image can be
mounted by its pin without a store. What was fetched before is kept if it is interrupted.`,
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if a.cfg.Cache.Dir == "" {
			return usage("no cache to pull into: name its directory with --cache DIR")
		}
		o, place, err := a.openAnywhere(ctx, args[0], a.cfg.Timeout)
		if err != nil {
			return err
		}
		defer o.Close()
		if o.dir == nil {
			return fmt.Errorf("the cache %s can not be used: see the warning above", a.cfg.Cache.Dir)
		}
		if o.Size() >= o.dir.Size() {
			return usage("the image has %s, the cache holds at most %s: raise --cache-size", iec(o.Size()), iec(o.dir.Size()))
		}
		bars := a.progress()
		err = o.Scan(ctx, func(n int64) { bars.step(publish.Checking, n, o.Size()) })
		bars.wait()
		if err != nil {
			return err
		}
		if err := o.dir.Complete(ctx, place.Pin); err != nil {
			return err
		}
		return a.printPulled(o, place.Pin)
	}))
}

// printPulled tells what the cache has now.
func (a *app) printPulled(o *opened, pin fetch.Pin) error {
	stats := o.cached.Stats()
	if a.json {
		return a.printJSON(struct {
			Pin     fetch.Pin `json:"pin"`
			Cache   string    `json:"cache"`
			Size    int64     `json:"size"`
			Fetched int64     `json:"fetched"`
		}{pin, o.dir.Path(), o.Size(), stats.Stored})
	}
	_, err := fmt.Fprintf(a.stdout, "%s: complete and verified in %s, %d bytes, %d of them fetched now\n", pin, o.dir.Path(), o.Size(), stats.Stored)
	return err
}
