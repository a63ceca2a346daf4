package scrub

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/pinfs/pinfs/fetch"
)

// burst is how many bytes may come at once.
const burst = 1 << 20

// paced is a store from which no more than so many bytes a second are read.
type paced struct {
	fetch.Store
	limit *rate.Limiter
}

// pace returns store itself if there is no limit.
func pace(store fetch.Store, bytes int64) fetch.Store {
	if bytes <= 0 {
		return store
	}
	limit := rate.NewLimiter(rate.Limit(bytes), int(min(bytes, burst)))
	limit.ReserveN(time.Now(), limit.Burst()) // it begins with nothing saved
	return &paced{store, limit}
}

// wait waits until n bytes may be read.
func (p *paced) wait(ctx context.Context, n int) error {
	for n > 0 {
		step := min(n, p.limit.Burst())
		if err := p.limit.WaitN(ctx, step); err != nil {
			return err
		}
		n -= step
	}
	return nil
}

// Get implements fetch.Store; how much it is is known afterwards.
func (p *paced) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	b, at, err := p.Store.Get(ctx, key, n)
	if err == nil {
		err = p.wait(ctx, len(b))
	}
	return b, at, err
}

// Open implements fetch.Store.
func (p *paced) Open(at fetch.Location) (fetch.Source, error) {
	src, err := p.Store.Open(at)
	return &pacedSource{src, p}, err
}

type pacedSource struct {
	fetch.Source
	pace *paced
}

// ReadAt implements fetch.Source.
func (s *pacedSource) ReadAt(ctx context.Context, b []byte, off int64) error {
	if err := s.pace.wait(ctx, len(b)); err != nil {
		return err
	}
	return s.Source.ReadAt(ctx, b, off)
}
