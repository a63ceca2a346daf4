package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/squash"
	"github.com/spf13/cobra"
)

// publishFlags are the options of `pinfs publish`.
type publishFlags struct {
	class, mediaType, publisher, expect string
	replace                             bool
	lease                               time.Duration
	key, ims                            string // these and what follows of publish alone
	retain                              time.Duration
}

func (a *app) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish FILE STORE/NAME",
		Short: "Upload an image, verify it in the store, and give it a name",
		Long: `Upload an image, read all of it back through the verifier, and only then give it the name.
A name that stands for other bytes is not moved, unless --replace --expect OLDPIN says what it stands
for now. Publishing the same bytes again succeeds without writing anything.`,
	}
	f.flags(c)
	f.imsFlags(c)
	f.retainFlag(c)
	return a.withJSON(a.command(c, cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.publish(ctx, args[0], args[1], f)
	}))
}

// flags are those that publishing and adopting share.
func (f *publishFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.class, "class", "", "release (default), or scratch for names below scratch/")
	c.Flags().StringVar(&f.mediaType, "media-type", "", "of the bytes (default: found out; a squashfs is checked)")
	c.Flags().StringVar(&f.publisher, "publisher", "", "who publishes (default USER@HOST)")
	c.Flags().BoolVar(&f.replace, "replace", false, "move the name; wants --expect")
	c.Flags().StringVar(&f.expect, "expect", "", "the `PIN` that the name stands for now; wants --replace")
	c.Flags().DurationVar(&f.lease, "lease", time.Minute, "after how long without a sign of life of this one others may publish under the name")
}

func (a *app) publish(ctx context.Context, name, arg string, f publishFlags) error {
	req, err := f.request(name)
	if err != nil {
		return err
	}
	store, ref, err := a.target(arg)
	if err != nil {
		return err
	}
	if ref.Name == "" || !ref.Pin.IsZero() {
		return usage("reference %q: publishing wants STORE/NAME without a pin", arg)
	}
	req.Name = ref.Name
	if err := req.Check(); err != nil {
		return &usageError{err}
	}
	if err := f.checkIMS(store); err != nil {
		return err
	}
	if err := f.checkRetain(ctx, store); err != nil {
		return err
	}
	if f.mediaType == "" {
		if err := checkSquashfs(ctx, name); err != nil {
			return err
		}
	}
	bars := a.progress()
	req.Progress = bars.step
	a.arbitrate(&req, store)
	result, err := publish.Publish(ctx, store, req)
	bars.wait()
	if err != nil {
		return err
	}
	return errors.Join(a.printPublished(store, result), f.writeIMS(store, result.Record), f.keep(ctx, store, result.Record))
}

// request checks the flags.
func (f publishFlags) request(name string) (publish.Request, error) {
	req := publish.Request{File: name, MediaType: f.mediaType, Publisher: f.publisher, Key: f.key, Lease: f.lease}
	var err error
	if req.Class, err = record.ParseClass(f.class); err != nil {
		return req, &usageError{err}
	}
	if f.replace != (f.expect != "") {
		return req, usage("--replace and --expect go together: --replace --expect OLDPIN")
	}
	if f.replace {
		if req.Expect, err = fetch.ParsePin(f.expect); err != nil {
			return req, &usageError{err}
		}
	}
	if err := publish.CheckLease(f.lease); err != nil {
		return req, &usageError{err}
	}
	if req.Publisher == "" {
		req.Publisher = whoAmI()
	}
	return req, nil
}

// arbitrate says how req gets along with others who publish at the same time.
func (a *app) arbitrate(req *publish.Request, store fetch.Store) {
	req.Ask, req.Waiting = a.asking(store), a.waiting
}

// asking finds out whether the store is exclusive.
func (a *app) asking(store fetch.Store) func(context.Context) bool {
	return func(ctx context.Context) bool {
		return strings.HasPrefix(store.URL(), "file://") || a.exclusive(ctx, store.URL()) // a link is made only once
	}
}

func (a *app) waiting(other record.Intent) {
	fmt.Fprintf(a.stderr, "pinfs: %s is publishing the same bytes since %s: waiting\n", other.Publisher, other.Started.Format(time.RFC3339))
}

func inSeconds(took map[publish.Phase]time.Duration) map[publish.Phase]float64 {
	all := map[publish.Phase]float64{}
	for phase, d := range took {
		all[phase] = d.Round(time.Millisecond).Seconds()
	}
	return all
}

// whoAmI is USER@HOST as far as the system tells.
func whoAmI() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// checkSquashfs refuses what begins like a squashfs but can not be one: better here than on each node.
func checkSquashfs(ctx context.Context, name string) error {
	f, err := openLocal(name)
	if err != nil || !f.isSquashfs() {
		return nil // whatever is wrong with the file itself, publishing says it
	}
	defer quietly(f)
	if _, err := squash.Open(ctx, f, squash.Config{}); err != nil {
		return fmt.Errorf("%w: %s is a damaged squashfs: %w; to publish it as plain bytes add --media-type application/octet-stream",
			fetch.ErrMalformed, name, err)
	}
	return nil
}

func (a *app) printPublished(store fetch.Store, result *publish.Result) error {
	r := result.Record
	ref := record.Reference{Store: store.URL(), Name: r.Name, Pin: r.Pin}.String()
	if a.json {
		return a.printJSON(struct {
			Reference string                    `json:"reference"`
			Record    *record.Record            `json:"record"`
			Uploaded  bool                      `json:"uploaded"`
			Added     bool                      `json:"added"`
			Agreed    []string                  `json:"agreed,omitempty"`
			Seconds   map[publish.Phase]float64 `json:"seconds"`
		}{ref, r, result.Uploaded, result.Added, result.Agreed, inSeconds(result.Took)})
	}
	if !result.Added {
		fmt.Fprintf(a.stderr, "already published: revision %d by %s\n", r.Revision, r.Publisher)
	}
	_, err := fmt.Fprintln(a.stdout, ref)
	return err
}
