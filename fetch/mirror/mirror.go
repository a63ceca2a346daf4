// Package mirror reads one image from several sources as if they were one.
package mirror

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Source is one place that has the image. Its blocks are verified, so that no source is trusted.
type Source struct {
	At        fetch.Location // names it
	Blocks    verify.Origin
	ImageOnly bool // it has leaves, but no hash blocks
}

// Config bounds the attempts. The zero value works.
type Config struct {
	Rounds retry.Config // how often all sources are asked again, and until when

	// Failed is told of a source that failed although another one had what was asked for: nobody
	// else hears of it. It may be called concurrently and must not block. Default: nobody.
	Failed func(at fetch.Location, err error)
}

// Mirror is several sources of one image. They are asked in their order; where one fails, for
// whatever reason, the next one is asked, and beside one that takes longer than it usually does. One
// that keeps failing is passed over for a while, and tried again with a single request. It is a
// verify.Origin, safe for concurrent use.
type Mirror struct {
	cfg     Config
	members []*member
	running sync.WaitGroup // requests, those that nobody waits for included
	arrived atomic.Int64
}

var _ verify.Origin = (*Mirror)(nil)

// New makes a Mirror of sources, of which at least one has hash blocks.
func New(sources []Source, cfg Config) *Mirror {
	if cfg.Failed == nil {
		cfg.Failed = func(fetch.Location, error) {}
	}
	m := &Mirror{cfg: cfg}
	for _, s := range sources {
		m.members = append(m.members, newMember(s))
	}
	return m
}

// Close waits for requests that nobody waits for any more; they are being cancelled.
func (m *Mirror) Close() { m.running.Wait() }

// Replace puts s in the place of source i, such as the same object under a new identity. What is
// known of the old one's health is forgotten.
func (m *Mirror) Replace(i int, s Source) { m.members[i].replace(s) }

// Arrived returns how many bytes of the image the sources have sent so far, verified.
func (m *Mirror) Arrived() int64 { return m.arrived.Load() }

// Leaves implements verify.Origin. A leaf that the source which answered does not have right is asked for
// from the others, when it is the first one: until then it does not hold back those before it.
func (m *Mirror) Leaves(ctx context.Context, index int64, n int, above verify.Above) []verify.Leaf {
	leaves, by, err := ask(ctx, m, job{n: n}, func(ctx context.Context, o verify.Origin) ([]verify.Leaf, error) {
		leaves := o.Leaves(ctx, index, n, above)
		return leaves, allFailed(leaves)
	})
	if err != nil {
		return verify.Failed(n, err)
	}
	for i := range leaves {
		if leaves[i].Err != nil && i > 0 {
			return leaves[:i]
		}
		if leaves[i].Err != nil {
			leaves[i] = m.leaf(ctx, index+int64(i), above, by, leaves[i].Err)
		}
		m.arrived.Add(int64(leaves[i].Value.Len()))
	}
	return leaves
}

// leaf gets a single leaf, which one source turned out not to have right.
func (m *Mirror) leaf(ctx context.Context, index int64, above verify.Above, not *member, why error) (l verify.Leaf) {
	if len(m.members) == 1 {
		return verify.Leaf{Err: why}
	}
	l.Value, _, l.Err = ask(ctx, m, job{n: 1, last: not}, func(ctx context.Context, o verify.Origin) (verify.Block, error) {
		l := o.Leaves(ctx, index, 1, above)[0]
		return l.Value, l.Err
	})
	if l.Err == nil {
		m.cfg.Failed(not.source().At, why)
	}
	return l
}

// Node implements verify.Origin.
func (m *Mirror) Node(ctx context.Context, n manifest.Node, parent manifest.HashBlock) (manifest.HashBlock, error) {
	b, _, err := ask(ctx, m, job{n: 1, tree: true}, func(ctx context.Context, o verify.Origin) (manifest.HashBlock, error) {
		return o.Node(ctx, n, parent)
	})
	return b, err
}

// allFailed returns the first error if there is no leaf without one.
func allFailed(leaves []verify.Leaf) error {
	for _, l := range leaves {
		if l.Err == nil {
			return nil
		}
	}
	return leaves[0].Err
}
