package prefetch

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Image is what is to be fetched from.
type Image interface {
	// Warm fetches n leaves from index on, as far as they are not at hand, and returns the first error.
	Warm(ctx context.Context, index int64, n int) error
	// Busy reports whether somebody waits for bytes at the moment.
	Busy() bool
	LeafSize() int
	Leaves() int64
}

// Config sets the pace. The zero value is as fast as it goes.
type Config struct {
	Rate     float64 // bytes a second at most; 0 = no limit
	Parallel int     // fetches at the same time; default 1
	Yield    bool    // wait while somebody waits for bytes
}

const (
	perFetch = 8 << 20              // bytes
	poll     = 2 * time.Millisecond // how soon it is noticed that nobody waits any more
)

// Fill fetches runs in their order until all are at hand or ctx ends; leaves that the image does not
// have are left out. It goes on after a failure, which the one who needs those bytes will meet, and
// returns how many leaves are at hand.
func Fill(ctx context.Context, image Image, runs []Run, cfg Config) (done int64) {
	f := &filler{image: image, cfg: cfg, pace: rate.NewLimiter(rate.Inf, 0)}
	if cfg.Rate > 0 {
		f.pace = rate.NewLimiter(rate.Limit(cfg.Rate), perFetch)
	}
	var all errgroup.Group
	all.SetLimit(max(cfg.Parallel, 1))
	counts := make(chan int64, 1)
	counts <- 0
	for _, r := range runs {
		for r.N = min(r.N, image.Leaves()-r.First); r.N > 0 && ctx.Err() == nil; {
			first, n := r.First, min(r.N, max(perFetch/int64(image.LeafSize()), 1))
			r.First, r.N = r.First+n, r.N-n
			all.Go(func() error {
				if f.fetch(ctx, first, int(n)) == nil {
					counts <- <-counts + n
				}
				return nil
			})
		}
	}
	_ = all.Wait() // they return none
	return <-counts
}

// All is all of an image.
func All(image Image) []Run { return []Run{{0, image.Leaves()}} }

type filler struct {
	image Image
	cfg   Config
	pace  *rate.Limiter
}

// fetch gets one piece of a run when it is its turn.
func (f *filler) fetch(ctx context.Context, first int64, n int) error {
	if err := f.pace.WaitN(ctx, min(n*f.image.LeafSize(), perFetch)); err != nil && f.cfg.Rate > 0 {
		return err
	}
	for f.cfg.Yield && f.image.Busy() {
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f.image.Warm(ctx, first, n)
}

// patience is how long one fetch may take: readers may have to wait for it.
const patience = 30 * time.Second
