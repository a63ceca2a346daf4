package main

import (
	"context"
	"fmt"
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
	err = p.mounted(ctx, peer, func(r session) error {
		done, err = work.Job{Kind: work.Digest, Dir: r.mount.Dir, List: p.list}.Run(ctx, p.self)
		return err
	})
	return done, err
}

// rounds makes all measurements.
func (p *place) rounds(ctx context.Context) error {
	for _, r := range plan.New(p.cfg.rounds, p.cfg.workloads, peer.Names(p.peers)) {
		if r.Round > 0 || r.Candidate == p.peers[0].Name {
			p.say("%s: round %d of %d: %s: %s", p.found.Name, r.Round+1, p.cfg.rounds, r.Workload, r.Candidate)
		}
		i := slices.IndexFunc(p.peers, func(c peer.Peer) bool { return c.Name == r.Candidate })
		if err := p.tell(ctx, p.peers[i], r); err != nil {
			return fmt.Errorf("%s: %s, %s: %w", p.found.Name, r.Candidate, r.Workload, err)
		}
	}
	return nil
}
