package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/cache"
	"github.com/spf13/cobra"
)

func (a *app) cacheCommand() *cobra.Command {
	c := &cobra.Command{Use: "cache", Short: "Look at the cache of verified blocks, or tidy it"}
	c.AddCommand(
		a.withJSON(a.command(&cobra.Command{Use: "status", Short: "List the images in the cache"}, cobra.NoArgs, a.cacheStatus)),
		a.command(&cobra.Command{Use: "prune", Short: "Bring the cache below its limits now"}, cobra.NoArgs, a.cachePrune),
		a.withJSON(a.command(&cobra.Command{Use: "verify", Short: "Check every block in the cache and drop what is damaged"}, cobra.NoArgs, a.cacheVerify)),
	)
	return c
}

// theCache is the cache that was configured; here it has to be usable.
func (a *app) theCache() (*cache.Dir, error) {
	if a.cfg.Cache.Dir == "" {
		return nil, usage("no cache is configured: name its directory with --cache DIR")
	}
	cfg, err := a.cfg.Cache.parse()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(a.cfg.Cache.Dir); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no cache %s; the first mount with --cache makes it", fetch.ErrNotFound, a.cfg.Cache.Dir)
	}
	return cache.Open(a.cfg.Cache.Dir, cfg)
}

func (a *app) cacheStatus(context.Context, []string) error {
	dir, err := a.theCache()
	if err != nil {
		return err
	}
	images, err := dir.Images()
	if err != nil {
		return err
	}
	var rows [][]string
	for _, i := range images {
		if a.json {
			if err := a.printJSON(i); err != nil {
				return err
			}
		}
		rows = append(rows, []string{shortPin(i.Pin.String()), iec(i.Size), iec(i.Disk), percent(i.Leaves, i.All), i.Used.UTC().Format(time.RFC3339)})
	}
	if a.json {
		return nil
	}
	return a.printTable("PIN SIZE DISK CACHED USED", rows)
}

// percent is how much n is of all, rounded down: 100 % is all.
func percent(n, all int64) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", 100*n/all)
}

func (a *app) cachePrune(context.Context, []string) error {
	dir, err := a.theCache()
	if err != nil {
		return err
	}
	freed, err := dir.Prune()
	if err == nil {
		_, err = fmt.Fprintf(a.stdout, "%s: %d bytes freed\n", dir.Path(), freed)
	}
	return err
}

func (a *app) cacheVerify(ctx context.Context, _ []string) error {
	dir, err := a.theCache()
	if err != nil {
		return err
	}
	images, err := dir.Images()
	if err != nil {
		return err
	}
	var damaged int64
	for _, i := range images {
		c, err := dir.Verify(ctx, i.Pin, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c = cache.Checked{Unknown: i.Leaves} // its manifest is not there
		}
		damaged += c.Damaged
		if err := a.printChecked(i.Pin, c); err != nil {
			return err
		}
	}
	if damaged > 0 {
		return fmt.Errorf("%w: %d blocks were damaged and have been dropped; look at the disk of %s", fetch.ErrCorrupt, damaged, dir.Path())
	}
	return nil
}

func (a *app) printChecked(pin fetch.Pin, c cache.Checked) error {
	if a.json {
		return a.printJSON(struct {
			Pin fetch.Pin `json:"pin"`
			cache.Checked
		}{pin, c})
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %d leaves right, %d damaged, %d without a hash to check\n", pin, c.Right, c.Damaged, c.Unknown)
	return err
}
