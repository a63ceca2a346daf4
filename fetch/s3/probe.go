package s3

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// probeWithin bounds each request of a probe. None of them is cancelled before: one that the server still
// does after it was given up would leave something behind.
const probeWithin = 10 * time.Second

// Probe finds out by trying what the server honours in this bucket: it puts tiny objects under keys that
// begin with prefix, and removes them with all their versions, be ctx cancelled or not. What a probe that
// was killed has left there is removed, too, when it is an hour old.
//
// An error without Capabilities says why nothing could be tried; one with them, what is left behind.
func (s *Store) Probe(ctx context.Context, prefix string) (fetch.Capabilities, error) {
	p := &probe{s: s, prefix: prefix, run: prefix + rand.Text() + "-", uploads: map[string]string{}}
	if err := wire.CheckKey(p.run); err != nil {
		return nil, err
	}
	lock, kept, err := p.objectLock(ctx)
	if err != nil {
		return nil, err
	}
	if kept {
		return p.untried(lock), nil
	}
	free, err := p.begin(ctx)
	var found fetch.Capabilities
	if err == nil {
		found = p.try(ctx, free)
		found[fetch.ObjectLock] = lock
	}
	cleanErr := p.clean(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, fmt.Errorf("probe %s: %w", s.URL(), context.Cause(ctx))
	}
	return found, cleanErr
}

// probe is one run of Probe.
type probe struct {
	s           *Store
	prefix, run string // run is the beginning of this one's keys
	plain       bool   // the server refuses conditions, even such as hold; constant after begin

	mu      sync.Mutex        // guards what follows
	keys    []string          // that there may be an object at
	uploads map[string]string // ids of those not ended, and their keys
}

// key returns a key of this run that clean will look at.
func (p *probe) key(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.run + name
	p.keys = append(p.keys, key)
	return key
}

// begin puts a first object, to see whether anything can be tried. It returns an error with a verdict if
// not; free is what the server makes of a condition where nothing is.
func (p *probe) begin(ctx context.Context) (free fetch.Finding, err error) {
	key := p.key("begin")
	_, err = p.create(ctx, key, []byte("begin"))
	if err == nil || fetch.VerdictOf(err) != "" || ctx.Err() != nil {
		return fetch.Finding{Support: fetch.Honoured}, err
	}
	free, p.plain = p.unclear(err), true
	_, err = p.overwrite(ctx, key, []byte("begin"))
	return free, err
}

// steps is what is tried. Each has keys of its own, so they can run at the same time.
var steps = map[fetch.Capability]func(*probe, context.Context) fetch.Finding{
	fetch.ConditionalPut:      (*probe).conditionalPut,
	fetch.CreateRace:          (*probe).createRace,
	fetch.ConditionalComplete: (*probe).conditionalComplete,
	fetch.ListAfterPut:        (*probe).listAfterPut,
	fetch.Clock:               (*probe).clock,
	fetch.IfMatch:             (*probe).ifMatch,
	fetch.Versions:            (*probe).versions,
	fetch.SignedSHA256:        (*probe).signedSHA256,
	fetch.SHA256:              (*probe).sha256,
	fetch.CRC64NVME:           (*probe).crc64nvme,
}

// try runs all steps that make sense on a server that honours conditions where nothing is as free says.
func (p *probe) try(ctx context.Context, free fetch.Finding) fetch.Capabilities {
	found := fetch.Capabilities{}
	var (
		mu    sync.Mutex // guards found
		group sync.WaitGroup
	)
	for what, step := range steps {
		conditional := what == fetch.ConditionalPut || what == fetch.CreateRace
		group.Go(func() {
			f := free
			if !conditional || free.Support == fetch.Honoured {
				f = step(p, ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			found[what] = f
		})
	}
	group.Wait()
	return found
}

// untried is what is known of a bucket in which whatever is put stays.
func (p *probe) untried(lock fetch.Finding) fetch.Capabilities {
	found := fetch.Capabilities{fetch.ObjectLock: lock}
	for what := range steps {
		found[what] = fetch.Finding{Support: fetch.Unknown, Detail: "not tried: the bucket keeps every object for a time"}
	}
	return found
}
