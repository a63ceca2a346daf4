package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

// retainFlag is that of a publication that no one shall delete for a time.
func (f *publishFlags) retainFlag(c *cobra.Command) {
	c.Flags().DurationVar(&f.retain, "retain", 0, "keep what is published from being deleted for so long; wants a bucket with object lock")
}

// checkRetain finds before anything is uploaded why nothing could be retained.
func (f publishFlags) checkRetain(ctx context.Context, store fetch.Store) error {
	if f.retain < 0 {
		return usage("--retain %s: want how long from now", f.retain)
	}
	if f.retain == 0 {
		return nil
	}
	retaining, ok := store.(fetch.Retaining)
	if !ok {
		return fmt.Errorf("%s can not retain anything", store.URL())
	}
	return retaining.CanRetain(ctx)
}

// keep retains what was published; checkRetain has seen that the store can.
func (f publishFlags) keep(ctx context.Context, store fetch.Store, r *record.Record) error {
	retaining, ok := store.(fetch.Retaining)
	if f.retain == 0 || !ok {
		return nil
	}
	if err := publish.Retain(ctx, retaining, r, time.Now().Add(f.retain)); err != nil {
		return fmt.Errorf("it is published, but may be deleted: %w; publish again to retain it", err)
	}
	return nil
}
