package squash

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// flight is the memory of loads that are on their way. Metadata, data that somebody waits for and data
// that are read ahead have each their own, so that none of them stands in the way of another.
type flight struct {
	meta, data *semaphore.Weighted // bytes
	ahead      chan struct{}       // one token for each block that is being read ahead
}

func newFlight(b budget) flight {
	return flight{semaphore.NewWeighted(b.metaFlight), semaphore.NewWeighted(b.flight), make(chan struct{}, b.slots)}
}

// hold calls f once there is room for n bytes.
func hold(ctx context.Context, room *semaphore.Weighted, n int64, f func() error) error {
	if err := room.Acquire(ctx, n); err != nil {
		return err
	}
	defer room.Release(n)
	return f()
}

// isUrgent reports whether somebody waits.
func isUrgent(urgent <-chan struct{}) bool {
	select {
	case <-urgent:
		return true
	default:
		return false
	}
}
