package main

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/partition"
	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/squash"
	"github.com/spf13/cobra"
)

// partitionFlag adds the flag of commands that look into an image.
func partitionFlag(c *cobra.Command, number *int) {
	c.Flags().IntVar(number, "partition", 0, "the image is a disk: use this partition of it (1 is the first)")
}

// openSquash opens the squashfs that a verified object is, or that one of its partitions is. What is
// wrong then was published so, and the error says so.
func openSquash(ctx context.Context, o *verify.Object, number int) (*squash.Image, error) {
	if number < 0 {
		return nil, usage("--partition %d: the first one is 1", number)
	}
	var src fetch.Source = o
	var err error
	if number != 0 {
		src, err = partition.Open(ctx, o, number)
	}
	var image *squash.Image
	if err == nil {
		image, err = squash.Open(ctx, src, squash.Config{})
	}
	if verdict(err) == fetch.ErrMalformed {
		return nil, fmt.Errorf("%w: %s is as it was published, but can not be read: %w", fetch.ErrMalformed, o.Location(), err)
	}
	return image, err
}
