package main

import (
	"context"
	"time"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/plan"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/work"
)

// start is the story of a job that begins: how long after the beginning of mounting the mount is there,
// has given its first bytes, and has given what a job reads first. It is told by this process: starting
// another one takes longer than most of it.
func (r trial) start(ctx context.Context, planned plan.Run) error {
	list, err := tree.Load(r.list)
	if err != nil {
		return err
	}
	if err := r.note(ctx, planned, "mount", r.first, work.Done{Seconds: r.up.Sub(r.began).Seconds(), Operations: 1}); err != nil {
		return err
	}
	waited := time.Since(r.up) // for what is no part of the story
	for _, s := range []struct {
		name string
		kind work.Kind
	}{{"mount and first 4 KiB", work.First}, {"mount, list, 20 files", work.Start}} {
		done, err := work.Job{Kind: s.kind, Dir: r.mount.Dir}.Do(list)
		if err != nil {
			return err
		}
		done.Seconds = (time.Since(r.began) - waited).Seconds()
		paused := time.Now()
		if err := r.note(ctx, planned, s.name, r.first, done); err != nil {
			return err
		}
		waited += time.Since(paused)
	}
	return nil
}
