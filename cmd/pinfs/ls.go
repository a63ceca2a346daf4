package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

func (a *app) lsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "ls STORE[/PREFIX]",
		Short: "List the names of a store with what each stands for now",
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		store, ref, err := a.prefix(args[0])
		if err != nil {
			return err
		}
		records, err := catalog.New(store).Names(ctx, ref.Name)
		if err == nil && len(records) == 0 && ref.Name != "" {
			return fmt.Errorf("%w: no name %s in %s, and none below it", fetch.ErrNotFound, ref.Name, store.URL())
		}
		if len(records) > 0 || err == nil {
			err = errors.Join(a.printRecords(records), err)
		}
		return err
	}))
}

func (a *app) printRecords(records []*record.Record) error {
	if a.json {
		for _, r := range records {
			if err := a.printJSON(r); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	for _, r := range records {
		rows = append(rows, []string{
			string(r.Name), fmt.Sprint(r.Revision), iec(r.Size), r.Created.UTC().Format(time.RFC3339), r.Publisher, r.Pin.String(),
		})
	}
	return a.printTable("NAME REVISION SIZE PUBLISHED BY PIN", rows)
}
