package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/spf13/cobra"
)

func (a *app) repairCommand() *cobra.Command {
	var from, publisher string
	c := &cobra.Command{
		Use:   "repair REF --from SOURCE",
		Short: "Put a right copy beside an image that a store has damaged or lost",
		Long: `Read an image and its manifest as the store has them. If anything is damaged, missing or overwritten, read
SOURCE (a file, another store, or the URL of a copy of the image) and compare it with the pin, put a right
copy into the store, read that back, and record it. The damaged objects stay where they are.`,
	}
	c.Flags().StringVar(&from, "from", "", "`SOURCE` that has the image: a file, or what --source takes")
	c.Flags().StringVar(&publisher, "publisher", "", "who repairs (default USER@HOST)")
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if from == "" {
			return usage("repair wants a source that has the image: --from FILE, or --from file:///DIR/, s3://BUCKET, https://HOST/PATH/")
		}
		if publisher == "" {
			publisher = whoAmI()
		}
		return a.repair(ctx, args[0], from, publisher)
	}))
}

func (a *app) repair(ctx context.Context, arg, from, publisher string) error {
	store, ref, err := a.target(arg)
	if err != nil {
		return err
	}
	if ref.Pin.IsZero() {
		_, place, err := a.resolve(ctx, arg)
		if err != nil {
			return err
		}
		ref.Pin = place.Pin
	}
	bars := a.progress()
	done, err := publish.Mend(ctx, store, publish.RepairRequest{
		Name: ref.Name, Pin: ref.Pin, From: from, Publisher: publisher, Progress: bars.step,
		Open: func(ctx context.Context) (fetch.Source, error) { return a.sourceOf(ctx, from, ref.Pin) },
		Ask:  a.asking(store), Waiting: a.waiting,
	})
	bars.wait()
	if err != nil {
		return err
	}
	return a.printRepaired(ref, done)
}

// sourceOf opens what --from names: a file, a store, or the image itself anywhere.
func (a *app) sourceOf(ctx context.Context, from string, pin fetch.Pin) (fetch.Source, error) {
	if !strings.Contains(from, "://") {
		f, err := openLocal(from) // the end of the process closes it
		if err != nil {
			return nil, err
		}
		return f, nil
	}
	s, err := parseSource(directory(from), pin)
	if err != nil {
		return nil, &usageError{err}
	}
	reader, err := a.reader(s.Store)
	if err != nil {
		return nil, err
	}
	key, err := s.Image.KeyIn(s.Store)
	if err != nil {
		return nil, err
	}
	cfg := retry.Config{Total: a.cfg.Timeout}
	at, err := retry.Do(ctx, cfg, func() (fetch.Location, error) {
		_, at, err := reader.Get(ctx, key, 1)
		return at, err
	})
	if err != nil {
		return nil, err
	}
	src, err := reader.Open(at)
	if err != nil {
		return nil, err
	}
	return retry.NewSource(src, cfg), nil
}

// directory adds the slash that tells a store from a file, which is easily forgotten.
func directory(url string) string {
	path, ok := strings.CutPrefix(url, "file://")
	if info, err := os.Stat(filepath.Clean(path)); ok && err == nil && info.IsDir() {
		return strings.TrimRight(url, "/") + "/"
	}
	return url
}

func (a *app) printRepaired(ref record.Reference, done *publish.Repair) error {
	if a.json {
		return a.printJSON(repairedJSON(ref, done))
	}
	if done.Damage == nil {
		fmt.Fprintf(a.stderr, "pinfs: nothing to repair: all of %s is right\n", done.Image)
	} else {
		fmt.Fprintf(a.stderr, "pinfs: repaired: %s; right and read back are %s and %s\n", oneLine(done.Damage), done.Image, done.Manifest)
	}
	if at := done.Image.URL; ref.Name != "" && at != ref.Store+"/"+record.ImageKey(ref.Pin) {
		fmt.Fprintf(a.stderr, "pinfs: who asks for %s@%s does not find it there: see pinfs repair in docs/cli.md\n", ref.Store, ref.Pin)
	}
	_, err := fmt.Fprintln(a.stdout, ref)
	return err
}

// repaired is what came of a repair as JSON.
type repaired struct {
	Reference string         `json:"reference"`
	Damage    string         `json:"damage,omitempty"` // what was wrong; none: nothing was
	Verdict   fetch.Verdict  `json:"verdict,omitempty"`
	Image     fetch.Location `json:"image"`
	Manifest  fetch.Location `json:"manifest"`
	Uploaded  bool           `json:"uploaded"`
	Record    *record.Record `json:"record,omitempty"` // that was added
}

func repairedJSON(ref record.Reference, done *publish.Repair) repaired {
	r := repaired{Reference: ref.String(), Image: done.Image, Manifest: done.Manifest, Uploaded: done.Uploaded, Record: done.Record}
	if done.Damage != nil {
		r.Damage, r.Verdict = oneLine(done.Damage), verdict(done.Damage)
	}
	return r
}
