package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/spf13/cobra"
)

func (a *app) verifyCommand() *cobra.Command {
	var want string
	c := &cobra.Command{
		Use:   "verify REF|FILE",
		Short: "Read all bytes of an image and check each against its pin",
		Long: `Read all bytes of a published image and check each against its pin. With a local file, and
--pin PIN, check the file.`,
	}
	c.Flags().StringVar(&want, "pin", "", "the `PIN` that a local file must have")
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if strings.Contains(args[0], "://") {
			if want != "" {
				return usage("--pin goes with a local file; write the pin behind the reference: %s@%s", args[0], want)
			}
			return a.verifyStored(ctx, args[0])
		}
		return a.verifyFile(ctx, args[0], want)
	}))
}

// verifyStored reads a published image through the verifier.
func (a *app) verifyStored(ctx context.Context, arg string) error {
	o, place, err := a.open(ctx, arg)
	if err != nil {
		return err
	}
	defer o.Close()
	bars := a.progress()
	err = o.Scan(ctx, func(n int64) { bars.step(publish.Checking, n, o.Size()) })
	bars.wait()
	if err != nil {
		return err
	}
	return a.printVerified(string(place.Name), o.Location().URL, place.Pin, o.Size())
}

// verifyFile compares a local file with a pin.
func (a *app) verifyFile(ctx context.Context, name, want string) error {
	if want == "" {
		return usage("%s is a local file: say what it must be with --pin PIN, or write a reference such as s3://BUCKET/NAME", name)
	}
	pin, err := fetch.ParsePin(want)
	if err != nil {
		return &usageError{err}
	}
	built, err := pinOf(ctx, name)
	if err != nil {
		return err
	}
	if built.Pin() != pin {
		return fmt.Errorf("%w: %s is %s, not %s", fetch.ErrCorrupt, name, built.Pin(), pin)
	}
	return a.printVerified("", name, pin, built.Size())
}

func (a *app) printVerified(name, where string, pin fetch.Pin, size int64) error {
	if a.json {
		return a.printJSON(struct {
			Name  string    `json:"name,omitempty"`
			Where string    `json:"where"`
			Pin   fetch.Pin `json:"pin"`
			Size  int64     `json:"size"`
		}{name, where, pin, size})
	}
	_, err := fmt.Fprintf(a.stdout, "%s: all %d bytes are %s\n", where, size, pin)
	return err
}
