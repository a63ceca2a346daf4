package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/squash"
	"github.com/spf13/cobra"
)

func (a *app) adoptCommand() *cobra.Command {
	var f publishFlags
	var manifest string
	c := &cobra.Command{
		Use:   "adopt STORE/KEY [NAME]",
		Short: "Give a name to an object that other tools have uploaded, where it is",
		Long: `Read an object that is in the store already, once, and give it a name (default: its key) without a
copy. It is trusted as it is at this moment: what was wrong with it before, nobody can tell. An md5sum
in its user metadata is compared, and what an IMS manifest says of it. Whoever overwrites the object
later can not change what the name stands for: readers get an error then.`,
	}
	f.flags(c)
	c.Flags().StringVar(&manifest, "ims-manifest", "", "compare with what this `FILE|STORE/KEY`, an IMS manifest.json, says of the object")
	return a.withJSON(a.command(c, cobra.RangeArgs(1, 2), func(ctx context.Context, args []string) error {
		name := ""
		if len(args) == 2 {
			name = args[1]
		}
		return a.adopt(ctx, args[0], name, manifest, f)
	}))
}

func (a *app) adopt(ctx context.Context, arg, name, manifest string, f publishFlags) error {
	req, err := f.request("")
	if err != nil {
		return err
	}
	store, ref, err := a.target(arg)
	if err != nil {
		return err
	}
	if ref.Name == "" || !ref.Pin.IsZero() {
		return usage("object %q: adopting wants STORE/KEY without a pin", arg)
	}
	if req.Name, err = record.ParseName(cmp.Or(name, string(ref.Name))); err != nil {
		return &usageError{err}
	}
	if err := req.Check(); err != nil {
		return &usageError{err}
	}
	adoption := publish.Adoption{Request: req, Object: string(ref.Name)}
	if adoption.Claims, err = a.imsClaims(ctx, manifest, store.URL()+"/"+adoption.Object); err != nil {
		return err
	}
	a.arbitrate(&adoption.Request, store)
	if f.mediaType == "" {
		adoption.Check = func(ctx context.Context, object fetch.Source) error { return checkObject(ctx, object, arg) }
	}
	var notices []string // told when the bars are not in the way
	adoption.Notice = func(text string) { notices = append(notices, text) }
	bars := a.progress()
	adoption.Progress = bars.step
	result, err := publish.Adopt(ctx, store, adoption)
	bars.wait()
	for _, text := range notices {
		fmt.Fprintf(a.stderr, "pinfs: note: %s\n", text)
	}
	if err != nil {
		return err
	}
	a.tellTrust(arg, result)
	return a.printPublished(store, result)
}

// tellTrust says what an adoption is worth.
func (a *app) tellTrust(object string, result *publish.Result) {
	seen := "nothing says whether these are the bytes that were meant"
	if len(result.Agreed) > 0 {
		seen = "its md5 is the one of " + strings.Join(result.Agreed, " and of ")
	}
	fmt.Fprintf(a.stderr, "pinfs: %s is trusted as it is at this moment: %s\n", object, seen)
}

// checkObject is checkSquashfs for an object.
func checkObject(ctx context.Context, object fetch.Source, name string) error {
	var magic [4]byte
	n := min(object.Size(), int64(len(magic)))
	if err := object.ReadAt(ctx, magic[:n], 0); err != nil || string(magic[:]) != "hsqs" {
		return err
	}
	_, err := squash.Open(ctx, object, squash.Config{})
	if verdict(err) == fetch.ErrMalformed {
		return fmt.Errorf("%w: %s is a damaged squashfs: %w; to adopt it as plain bytes add --media-type application/octet-stream",
			fetch.ErrMalformed, name, err)
	}
	return err
}
