package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/prefetch"
	"github.com/spf13/cobra"
)

// What --prefetch takes beside the name of a file.
const (
	prefetchAll    = "all"
	prefetchTables = "tables" // what opening an image reads anyway
	prefetchNone   = "none"
)

// wanted is what a mount fetches before anybody asks for it.
type wanted struct {
	What string         `json:"what,omitempty"`
	Rate int64          `json:"rate,omitempty"` // bytes a second; 0 = no limit
	Runs []prefetch.Run `json:"runs,omitempty"` // of a file

	rate string // as written
}

func (w *wanted) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.What, "prefetch", prefetchTables, "fetch ahead: all of the image, its tables, none, or what a `LISTFILE` of pinfs trace says")
	c.Flags().StringVar(&w.rate, "prefetch-rate", "", "bytes a second at most for --prefetch, such as 50MiB (default no limit)")
}

// complete reads what the flags name.
func (w *wanted) complete(pin fetch.Pin) (err error) {
	if w.rate != "" {
		if w.Rate, err = parseSize(w.rate); err != nil {
			return usage("prefetch rate %q: %v", w.rate, err)
		}
	}
	switch w.What {
	case prefetchAll, prefetchTables, prefetchNone:
		return nil
	}
	f, err := openLocal(w.What)
	if err != nil {
		return fmt.Errorf("prefetch: %w; want all, tables, none or the file of a list", err)
	}
	defer quietly(f)
	list, err := prefetch.ReadList(f.File)
	if err != nil {
		return usage("%s is no list that pinfs trace has written: %v", w.What, err)
	}
	if list.Pin != pin {
		return usage("%s is about %s, not about %s: record it anew", w.What, list.Pin, pin)
	}
	w.Runs = list.Runs
	return nil
}

const (
	listParallel = 4
	maxDelay     = 30 * time.Second // of fetching all, so that not all nodes begin at the same moment
)

// prefetch fetches what the mount was told to.
func (m *mounted) prefetch(ctx context.Context) {
	w := m.job.Wanted
	switch {
	case len(w.Runs) > 0:
		prefetch.Fill(ctx, m.object, w.Runs, prefetch.Config{Rate: float64(w.Rate), Parallel: listParallel})
	case w.What == prefetchAll:
		select {
		case <-time.After(rand.N(maxDelay)):
		case <-ctx.Done():
			return
		}
		n := prefetch.Fill(ctx, m.object, prefetch.All(m.object), prefetch.Config{Rate: float64(w.Rate), Yield: true})
		slog.Info("prefetched", "image", m.job.Ref, "n", n, "of", m.object.Leaves())
	}
}

// checkCache refuses to fetch all of an image into nothing.
func (w *wanted) checkCache(cfg cacheConfig) error {
	if w.What == prefetchAll && cfg.Dir == "" {
		return usage("--prefetch all needs a cache: name its directory with --cache DIR")
	}
	return nil
}
