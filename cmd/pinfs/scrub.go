package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/scrub"
	"github.com/spf13/cobra"
)

func (a *app) scrubCommand() *cobra.Command {
	var limit, state string
	c := &cobra.Command{
		Use:   "scrub STORE[/PREFIX]",
		Short: "Read all images of a store and find what is damaged, missing or overwritten",
		Long: `Read every image that a name stands for, in all revisions, and every image that nobody names, and check
each byte against its pin. Prints what is not well, and exits with the code of the worst. One that was
interrupted goes on where it ended; one that ended begins anew.`,
	}
	c.Flags().StringVar(&limit, "rate", "", "bytes a second at most, such as 50MiB (default no limit)")
	c.Flags().StringVar(&state, "state", "", "`FILE` that remembers how far it has come (default below the user's cache directory)")
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		cfg := scrub.Config{State: state, Retry: retry.Config{Total: min(patience, a.cfg.Timeout)}}
		if limit != "" {
			var err error
			if cfg.Rate, err = parseSize(limit); err != nil {
				return usage("rate %q: %v", limit, err)
			}
		}
		return a.scrub(ctx, args[0], cfg)
	}))
}

func (a *app) scrub(ctx context.Context, arg string, cfg scrub.Config) error {
	store, ref, err := a.prefix(arg)
	if err != nil {
		return err
	}
	cfg.Prefix, cfg.Of = ref.Name, a.cfg.S3.Endpoint
	if cfg.State == "" {
		cfg.State = a.scrubState(cfg.Of, ref)
	}
	bars := a.progress()
	cfg.Progress = func(n, total int64) { bars.step(publish.Checking, n, total) }
	var rows [][]string
	cfg.Found = func(f scrub.Finding) error {
		if a.json {
			return a.printJSON(f)
		}
		if f.Verdict != scrub.OK {
			rows = append(rows, []string{string(f.Verdict), named(f), f.Object, what(f)})
		}
		return nil
	}
	sum, err := scrub.Run(ctx, store, cfg)
	bars.wait()
	if err != nil && sum.Images == 0 {
		return err
	}
	verdict := scrub.Verdict(cmp.Or(fetch.VerdictOf(err), fetch.Verdict(sum.Verdict())))
	if err := cmp.Or(err, a.printScrubbed(store.URL(), verdict, sum, rows)); err != nil {
		return err
	}
	if v := sum.Worst(); v != "" {
		return fmt.Errorf("%w: %s is not as it was published: %s", v, store.URL(), counts(sum))
	}
	return nil
}

// scrubState is where the progress of a scrub is kept, "" if the user has no place for that.
func (a *app) scrubState(endpoint string, ref record.Reference) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		fmt.Fprintf(a.stderr, "pinfs: an interrupted scrub will begin anew, there is no cache directory (%v): name a file with --state\n", err)
		return ""
	}
	sum := sha256.Sum256([]byte(endpoint + " " + ref.String()))
	return filepath.Join(dir, "pinfs", "scrub", hex.EncodeToString(sum[:16])+".json")
}

// printScrubbed prints the table and how much it is about, or the last object.
func (a *app) printScrubbed(store string, verdict scrub.Verdict, sum scrub.Summary, rows [][]string) error {
	if a.json {
		return a.printJSON(struct {
			Store   string        `json:"store"`
			Verdict scrub.Verdict `json:"verdict"`
			scrub.Summary
		}{store, verdict, sum})
	}
	fmt.Fprintf(a.stderr, "pinfs: %d images of %d names in %d revisions, %s read and right%s\n",
		sum.Images, sum.Names, sum.Revisions, iec(sum.Bytes), earlier(sum))
	if len(rows) == 0 {
		return nil
	}
	return a.printTable("VERDICT NAMED OBJECT WHAT", rows)
}

func earlier(sum scrub.Summary) string {
	if sum.Earlier == 0 {
		return ""
	}
	return fmt.Sprintf(", %d images by earlier runs", sum.Earlier)
}

// counts tells how many there are of what is wrong.
func counts(sum scrub.Summary) string {
	var words []string
	for _, v := range scrub.Wrong() {
		if n := sum.Verdicts[scrub.Verdict(v)]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(words, ", ")
}

// named is the first record that is concerned.
func named(f scrub.Finding) string {
	switch len(f.Named) {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%s#%d", f.Named[0].Name, f.Named[0].Revision)
	}
	return fmt.Sprintf("%s#%d +%d", f.Named[0].Name, f.Named[0].Revision, len(f.Named)-1)
}

// what is the message without what stands beside it.
func what(f scrub.Finding) string {
	text := strings.TrimPrefix(oneLine(errors.New(f.Message)), f.Object+": ")
	return cmp.Or(strings.TrimPrefix(text, string(f.Verdict)+": "), "-")
}
