package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fs/status"
	"github.com/spf13/cobra"
)

func (a *app) statusCommand() *cobra.Command {
	var prometheus bool
	c := &cobra.Command{
		Use:   "status [DIR]",
		Short: "Tell what is mounted, from where, and what went wrong",
		Long: `Tell what is mounted, from where, and what went wrong: all your mounts and root's, or the one at
DIR. The answer comes from the mount's worker and does not wait for the store.`,
	}
	c.Flags().BoolVar(&prometheus, "prometheus", false, "print metrics in the text format of Prometheus")
	return a.withJSON(a.command(c, cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if err := given(args); err != nil {
			return err
		}
		var docs []status.Document
		var err error
		if len(args) == 1 {
			docs = make([]status.Document, 1)
			docs[0], err = status.Of(ctx, args[0])
		} else {
			docs, err = status.All(ctx)
		}
		if err != nil {
			return err
		}
		if prometheus {
			status.WritePrometheus(a.stdout, docs)
			return nil
		}
		return a.printStatus(docs)
	}))
}

func (a *app) printStatus(docs []status.Document) error {
	if a.json {
		for _, d := range docs {
			if err := a.printJSON(d); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	for _, d := range docs {
		rows = append(rows, []string{d.Mountpoint, d.State, iec(d.Size), iec(d.VerifiedBytes), shortPin(d.Pin), unpinned(d.Ref)})
	}
	if err := a.printTable("MOUNTPOINT STATE SIZE VERIFIED PIN IMAGE", rows); err != nil {
		return err
	}
	return a.printFailures(docs)
}

// printFailures tells below the table what the STATE column only names.
func (a *app) printFailures(docs []status.Document) error {
	for _, d := range docs {
		if d.Restarts > 0 {
			if _, err := fmt.Fprintf(a.stdout, "\n%s: worker replaced %d times, last %s:\n  %s\n", d.Mountpoint,
				d.Restarts, d.LastEndAt.Format(time.RFC3339), d.LastEnd); err != nil {
				return err
			}
		}
		for _, f := range d.Errors {
			if _, err := fmt.Fprintf(a.stdout, "\n%s: %s, %d times since %s, last %s:\n  %s\n", d.Mountpoint, f.Verdict,
				f.Count, f.First.Format(time.RFC3339), f.Last.Format(time.RFC3339), f.Message); err != nil {
				return err
			}
		}
	}
	return nil
}

// shortPin is enough of a pin to compare at a glance; --json has all of it.
func shortPin(pin string) string {
	_, digits, _ := strings.Cut(pin, ":")
	return digits[:min(len(digits), 12)]
}

// unpinned is a reference without the pin that another column has.
func unpinned(ref string) string {
	if at := strings.LastIndexByte(ref, '@'); at >= 0 {
		return ref[:at]
	}
	return ref
}
