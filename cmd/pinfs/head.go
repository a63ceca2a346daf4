package main

import (
	"context"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/verify"
)

// beside is how long one source is waited for before the next one is asked as well.
const beside = 2 * time.Second

// found is the head of a manifest, or why the source has none.
type found struct {
	head verify.Head
	of   int // index of the source
	err  error
}

// head reads the head of the manifest of pin from the first source that has it, and notes where that
// was. They are asked in their order: the next one once one has failed, or takes long.
func (a *app) head(ctx context.Context, pin fetch.Pin, sources []source) (verify.Head, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan found, len(sources))
	next, asked := 0, 0
	ask := func() {
		for next < len(sources) && sources[next].Manifest.URL == "" {
			next++
		}
		if next < len(sources) {
			go a.askHead(ctx, pin, sources[next], next, answers)
			next, asked = next+1, asked+1
		}
	}
	ask()
	var failed []error
	for len(failed) < asked {
		select {
		case f := <-answers:
			if f.err == nil {
				sources[f.of].Manifest = f.head.At
				return f.head, nil
			}
			failed = append(failed, f.err)
			ask()
		case <-time.After(beside):
			ask()
		case <-ctx.Done():
			return verify.Head{}, inOneLine(append(failed, context.Cause(ctx)))
		}
	}
	return verify.Head{}, inOneLine(failed) // the first source, the reference's own, always has one
}

func (a *app) askHead(ctx context.Context, pin fetch.Pin, at source, index int, answers chan<- found) {
	f := found{of: index}
	store, err := a.reader(at.Store)
	if err == nil {
		f.head, err = verify.ReadHead(ctx, store, pin, at.Manifest)
	}
	f.err = err
	answers <- f
}
