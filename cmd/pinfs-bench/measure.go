package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/line"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/plan"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/process"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/work"
)

// trial is a fresh mount.
type trial struct {
	*place
	mount *peer.Mount
	began time.Time // when mounting began
	up    time.Time // when it was mounted
	first seen      // before mounting
}

// mounted mounts with nothing cached, has do work, and unmounts.
func (p *place) mounted(ctx context.Context, with peer.Peer, do func(r trial) error) (err error) {
	dir, err := p.dir(with.Name)
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if err := dropCaches(ctx); err != nil {
		return err
	}
	r := trial{place: p, first: seen{traffic: p.traffic()}}
	if r.first.drops, err = drops(); err != nil {
		return err
	}
	r.began = time.Now()
	if r.mount, err = with.Mount(ctx, p.image, dir); err != nil {
		return err
	}
	r.up = time.Now()
	defer func() { err = errors.Join(err, r.mount.Unmount()) }()
	return do(r)
}

// tell does one planned run, again if somebody else dropped the caches meanwhile.
func (p *place) tell(ctx context.Context, with peer.Peer, planned plan.Run) error {
	for {
		done := len(p.found.Measurements)
		if err := p.once(ctx, with, planned); err != nil {
			return err
		}
		disturbed := slices.ContainsFunc(p.found.Measurements[done:], func(m result.Measurement) bool { return m.Disturbed })
		if !disturbed || p.patience == 0 {
			return nil
		}
		p.say("%s: somebody else dropped the caches: again", p.found.Name)
		p.patience--
		p.found.Measurements = p.found.Measurements[:done]
	}
}

func (p *place) once(ctx context.Context, with peer.Peer, planned plan.Run) error {
	return p.mounted(ctx, with, func(r trial) error {
		if planned.Workload == startStory {
			return r.start(ctx, planned)
		}
		for i, s := range storyOf(planned.Workload).steps(p.cfg) {
			if err := r.step(ctx, planned, i, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// step does one step, the index-th on this mount, and notes what it took. What was fetched while mounting
// is the first one's.
func (r trial) step(ctx context.Context, planned plan.Run, index int, s step) error {
	if s.cold {
		if err := dropCaches(ctx); err != nil {
			return err
		}
	}
	before, err := r.look(ctx)
	if err != nil {
		return err
	}
	if index == 0 {
		before.traffic = r.first.traffic
	}
	s.job.Dir, s.job.List = r.mount.Dir, r.list
	done, err := s.job.Run(ctx, r.self)
	if err != nil {
		return err
	}
	return r.note(ctx, planned, s.name, before, done)
}

// seen is what counters say at one time.
type seen struct {
	usage    process.Usage
	requests int64
	counted  bool // requests are
	traffic  line.Traffic
	drops    int64 // of caches, by anybody
}

func (r trial) look(ctx context.Context) (s seen, err error) {
	if s.usage, err = r.mount.Usage(); err != nil {
		return s, err
	}
	s.traffic = r.traffic()
	if s.drops, err = drops(); err != nil {
		return s, err
	}
	s.requests, s.counted, err = r.mount.Requests(ctx)
	return s, err
}

// traffic is that of the S3 server, if there is one.
func (p *place) traffic() line.Traffic {
	if p.image.S3 == nil {
		return line.Traffic{}
	}
	return p.image.S3.Traffic()
}

// note notes what was done since before.
func (r trial) note(ctx context.Context, planned plan.Run, step string, before seen, done work.Done) error {
	after, err := r.look(ctx)
	if err != nil {
		return err
	}
	m := result.Measurement{
		Round: planned.Round, Step: step, Peer: planned.Candidate, Seconds: done.Seconds,
		Serving: (after.usage.CPU - before.usage.CPU).Seconds(), Reading: done.CPU, Peak: after.usage.Peak,
		Operations: done.Operations, Bytes: done.Bytes, Sum: done.Sum, Disturbed: after.drops != before.drops,
	}
	if after.counted {
		n := after.requests - before.requests
		m.Requests = &n
	}
	if r.image.S3 != nil {
		t := after.traffic.Since(before.traffic)
		m.Origin = &result.From{Requests: t.Requests, Bytes: t.Bytes}
	}
	r.found.Measurements = append(r.found.Measurements, m)
	return nil
}
