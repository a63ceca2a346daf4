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

// inside says where in an image file the squashfs lies. The zero value is an image that is a squashfs
// itself.
type inside struct {
	Partition int   `json:"partition,omitempty"` // of a disk image; 1 is the first
	Offset    int64 `json:"offset,omitempty"`    // in bytes, of the partition or of the whole
}

// flags adds the flags of commands that look into an image.
func (i *inside) flags(c *cobra.Command) {
	c.Flags().IntVar(&i.Partition, "partition", 0, "the image is a disk: use this partition of it (1 is the first)")
	c.Flags().Int64Var(&i.Offset, "offset", 0, "the squashfs begins at this byte of the image")
}

func (i inside) check() error {
	if i.Partition < 0 {
		return usage("--partition %d: the first one is 1", i.Partition)
	}
	if i.Offset < 0 {
		return usage("--offset %d: the first byte is 0", i.Offset)
	}
	return nil
}

// openSquash opens the squashfs that a verified object has at a place. What is wrong then was
// published so, and the error says so.
func openSquash(ctx context.Context, o *verify.Object, at inside, cfg squash.Config) (image *squash.Image, err error) {
	if err := at.check(); err != nil {
		return nil, err
	}
	var src fetch.Source = o
	cfg.Offset = at.Offset
	if at.Partition != 0 {
		src, err = partition.Open(ctx, o, at.Partition)
	}
	if err == nil {
		image, err = squash.Open(ctx, src, cfg)
	}
	if verdict(err) == fetch.ErrMalformed {
		return nil, fmt.Errorf("%w: %s is as it was published, but can not be read: %w", fetch.ErrMalformed, o.Location(), err)
	}
	return image, err
}
