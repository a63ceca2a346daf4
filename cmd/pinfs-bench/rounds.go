package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/plan"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/work"
)

// verify reads the whole tree through each peer. One that can not do that is not measured; one that
// serves something else than the others is an error.
func (p *place) verify(ctx context.Context) error {
	able := p.peers
	p.peers = nil
	for _, peer := range able {
		p.say("%s: %s: verify", p.found.Name, peer.Name)
		done, err := p.digest(ctx, peer)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.skip(peer, err.Error())
			continue
		}
		if p.found.Digest == "" {
			p.found.Digest = done.Sum
		}
		if done.Sum != p.found.Digest {
			return fmt.Errorf("%s: %s serves a tree with digest %s, %s one with %s: one of them is wrong",
				p.found.Name, peer.Name, done.Sum, p.peers[0].Name, p.found.Digest)
		}
		p.peers = append(p.peers, peer)
		p.found.Peers = append(p.found.Peers, result.Peer{Name: peer.Name, Note: peer.Note})
	}
	return nil
}

func (p *place) digest(ctx context.Context, peer peer.Peer) (done work.Done, err error) {
	err = p.mounted(ctx, peer, func(r trial) error {
		done, err = work.Job{Kind: work.Digest, Dir: r.mount.Dir, List: p.list}.Run(ctx, p.self)
		return err
	})
	return done, err
}

// rounds makes all measurements.
func (p *place) rounds(ctx context.Context) error {
	planned := p.plan()
	p.patience = len(planned) / 8 // so that it ends also where somebody does that all the time
	for _, r := range planned {
		p.say("%s: round %d of %d: %s: %s", p.found.Name, r.Round+1, p.cfg.rounds, r.Workload, r.Candidate)
		if err := p.tell(ctx, p.peer(r.Candidate), r); err != nil {
			return fmt.Errorf("%s: %s, %s: %w", p.found.Name, r.Candidate, r.Workload, err)
		}
	}
	return nil
}

// plan is the order of all measurements.
func (p *place) plan() []plan.Run {
	runs := plan.New(p.cfg.rounds, p.cfg.workloads, peer.Names(p.peers))
	return slices.DeleteFunc(runs, func(r plan.Run) bool { return !p.peer(r.Candidate).Does(r.Workload) })
}

func (p *place) peer(name string) peer.Peer {
	return p.peers[slices.IndexFunc(p.peers, func(c peer.Peer) bool { return c.Name == name })]
}

// record has pinfs write down what a job reads first, for who fetches that at once.
func (p *place) record(ctx context.Context) error {
	i := slices.IndexFunc(p.peers, func(c peer.Peer) bool { return c.Only != "" })
	if i < 0 {
		return nil
	}
	trace := filepath.Join(p.tmp, "trace")
	err := p.mounted(ctx, p.peers[i], func(r trial) error {
		job, err := json.Marshal(work.Job{Kind: work.Start, Dir: r.mount.Dir, List: p.list})
		if err != nil {
			return err
		}
		c := p.image.Command(ctx, "trace", "-o", trace, r.mount.Dir, "--", p.self, work.Child)
		c.Stdin = bytes.NewReader(job)
		_, err = output(ctx, c)
		return err
	})
	p.image.Trace = trace
	return err
}
