package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/watch"
)

// defaultWatch is how often a mount looks whether its objects are still what was pinned.
const defaultWatch = time.Minute

// watch looks at the sources of a mount until ctx ends, so that an object that was overwritten is told
// of before a read fails, and no longer once it is back.
func (m *mounted) watch(ctx context.Context, every time.Duration) {
	if every <= 0 {
		return
	}
	var targets []watch.Target
	for _, r := range m.object.remotes {
		targets = append(targets, r.targets(m.object.Object, m.again)...)
	}
	watch.Run(ctx, targets, watch.Config{Every: every, Found: m.found, Back: m.back})
}

func (m *mounted) found(at fetch.Location, err error) {
	if m.failed.Add(fetch.ErrOverwritten, at.URL, err) {
		slog.Error("an object is not what was pinned", "verdict", fetch.ErrOverwritten, "image", m.job.Ref, "source", at.URL, "err", err)
	}
}

func (m *mounted) again(now fetch.Location) {
	slog.Info("the same bytes were uploaded again", "image", m.job.Ref, "source", now.URL, "etag", now.ETag)
}

func (m *mounted) back(at fetch.Location) {
	if !m.failed.Clear(fetch.ErrOverwritten, at.URL) {
		return
	}
	slog.Info("an object is what was pinned again", "image", m.job.Ref, "source", at.URL)
	for i, r := range m.object.remotes {
		if r.Image.URL == at.URL || r.Manifest.URL == at.URL {
			m.object.mirror.Replace(i, r.mirrored()) // it is well again
		}
	}
}
