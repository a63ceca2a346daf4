package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

func (a *app) probeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "probe STORE",
		Short: "Find out what a store honours, by trying",
		Long: `Find out what a store honours, by trying with tiny objects that are removed again, and what pinfs does
about it. What is found holds for the publications of the next week from here; pinfs publish asks
by itself where it does not know.`,
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		_, ref, err := a.prefix(args[0])
		if err != nil {
			return err
		}
		if ref.Name != "" {
			return usage("store %q: it is probed as a whole; write %s", args[0], ref.Store)
		}
		return a.probe(ctx, ref.Store)
	}))
}

func (a *app) probe(ctx context.Context, url string) error {
	store, err := a.bareStore(url, a.cfg.Timeout/3)
	if err != nil {
		return err
	}
	found, err := probeStore(ctx, store)
	if found == nil {
		return err
	}
	if keepErr := found.keep(); keepErr != nil {
		fmt.Fprintf(a.stderr, "pinfs: what was found is not kept, so pinfs publish will probe again: %v\n", keepErr)
	}
	if printErr := a.printProbed(found); printErr != nil {
		return printErr
	}
	return err // of what is left behind
}

// probeLimit is when a publication goes on without knowing.
const probeLimit = 20 * time.Second

// exclusive reports whether of several creators of one object in the store only one can win, as far as
// is known: from before or from a probe now. That it can not be found out is no reason not to publish.
func (a *app) exclusive(ctx context.Context, url string) bool {
	store, err := a.bareStore(url, a.cfg.Timeout/3)
	if err != nil {
		return false
	}
	if found := known(ctx, store); found != nil {
		return found.Capabilities.Exclusive()
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	found, err := probeStore(ctx, store)
	if found == nil {
		return false
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "pinfs: left behind by finding out what the store honours: %s\n", oneLine(err))
	}
	_ = found.keep() // or the next one finds out
	return found.Capabilities.Exclusive()
}

func (a *app) printProbed(p *probed) error {
	if a.json {
		return a.printJSON(p)
	}
	var rows [][]string
	for _, what := range fetch.AllCapabilities {
		if f, ok := p.Capabilities[what]; ok {
			seen := f.Detail
			if seen == "" {
				seen = "-"
			}
			rows = append(rows, []string{string(what), string(f.Support), seen, consequence(p.Capabilities, what)})
		}
	}
	return a.printTable("CAPABILITY SUPPORT SEEN THEREFORE", rows)
}

// consequences is what follows where a capability is honoured, and where it is not.
var consequences = map[fetch.Capability][2]string{
	fetch.ConditionalPut: {
		"publishers rely on it", "publishers share out revisions beforehand; their numbers may have gaps"},
	fetch.ConditionalComplete: {
		"no image is written over", "an image could be written over, by equal bytes: its key is its pin"},
	fetch.ListAfterPut: {
		"publishers see each other", "publish from one place at a time only"},
	fetch.Clock: {
		"an upload that has died is told by it", "an upload that has died may be passed too early or late: look at the server's clock"},
	fetch.IfMatch: {
		"the server and pinfs notice an overwritten object", "pinfs alone notices an overwritten object"},
	fetch.Versions: {
		"an image that is overwritten can still be read", "an image that is overwritten is an error to its readers"},
	fetch.SignedSHA256: {
		"damage on the way is refused", "damage on the way is found by reading back"},
	fetch.SHA256:    {"nothing: all is read back", "nothing: all is read back"},
	fetch.CRC64NVME: {"nothing: all is read back", "nothing: all is read back"},
	fetch.ObjectLock: {
		"the bucket's owner can forbid deleting", "whoever may delete can delete images"},
	fetch.Durable: {
		"what is published is on the disk", "a power failure may take back what was just published"},
}

func consequence(c fetch.Capabilities, what fetch.Capability) string {
	honoured := c[what].Support == fetch.Honoured
	if what == fetch.ConditionalPut || what == fetch.CreateRace { // both are needed
		what, honoured = fetch.ConditionalPut, c.Exclusive()
	}
	if honoured {
		return consequences[what][0]
	}
	return consequences[what][1]
}

// probeStore asks the store; an error beside a result says what is left behind there.
func probeStore(ctx context.Context, store fetch.Store) (*probed, error) {
	p, ok := store.(interface {
		Probe(ctx context.Context, prefix string) (fetch.Capabilities, error)
	})
	if !ok {
		return nil, fmt.Errorf("%s: there is nothing to find out of such a store", store.URL())
	}
	versioning := versioningOf(ctx, store)
	found, err := p.Probe(ctx, record.ProbePrefix)
	if found == nil {
		return nil, err
	}
	return &probed{
		Schema: probedSchema, Store: store.URL(), Endpoint: endpointOf(store), Probed: time.Now().UTC().Truncate(time.Second),
		Versioning: versioning, Exclusive: found.Exclusive(), Capabilities: found,
	}, err
}

// endpointOf is the server that a store is on, "" for a directory.
func endpointOf(store fetch.Store) string {
	if s, ok := store.(interface{ Endpoint() string }); ok {
		return s.Endpoint()
	}
	return ""
}

// versioningOf is what a bucket does with what is overwritten, "" if there is no telling.
func versioningOf(ctx context.Context, store fetch.Store) string {
	s, ok := store.(interface {
		Versioning(ctx context.Context) (string, error)
	})
	if !ok {
		return ""
	}
	status, err := s.Versioning(ctx)
	if err != nil {
		return "unknown"
	}
	return strings.ToLower(status)
}
