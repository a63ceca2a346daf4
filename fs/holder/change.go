package holder

import (
	"context"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fs/inflight"
)

// change is what a holder knows of the time between two workers.
type change struct {
	life     context.Context // ends with the mount
	stop     context.CancelFunc
	tasks    sync.WaitGroup  // what works on a successor
	coming   bool            // there is one
	abandon  func()          // ends one that is being prepared for an upgrade; nil if there is none
	prepared chan *successor // it has opened the image, or failed
	served   chan *successor // it answers requests, or failed

	standIn  *standIn         // nil while a worker has the device
	pause    <-chan time.Time // before the next attempt
	patience <-chan time.Time // before requests are refused
	said     string           // why the last attempt failed, as it was logged
	backoff  backoff
	trouble  time.Time            // since when no worker has lived for long
	waits    map[uint64]time.Time // since when requests have lost their workers, by ID
}

// successor is a worker that is to take the place of another one.
type successor struct {
	order  *order // what it comes for; nil if a worker was lost
	worker *worker
	err    error // why it does not come
}

func (c *change) begin() {
	c.life, c.stop = context.WithCancel(context.Background())
	c.prepared, c.served = make(chan *successor, 1), make(chan *successor, 1)
}

// end ends the worker w, if there is one, and any that is coming.
func (c *change) end(w *worker) {
	c.stop()
	c.tasks.Wait()
	if c.standIn != nil {
		c.standIn.stop()
	}
	for _, ready := range []chan *successor{c.prepared, c.served} {
		select {
		case s := <-ready:
			if s.worker != nil {
				s.worker.kill()
			}
		default:
		}
	}
	if w != nil {
		w.kill()
	}
}

// gone closes when the mount has gone while there is no worker to notice.
func (c *change) gone() <-chan struct{} {
	if c.standIn == nil {
		return nil
	}
	return c.standIn.gone
}

// leave gives the device to a stand-in.
func (c *change) leave(dev handle, table *inflight.File) { c.standIn = newStandIn(dev, table) }

// plan sets when to try again and when to give up after a worker that had served for lived, and
// returns the former.
func (c *change) plan(lived, patience time.Duration) time.Duration {
	if lived >= calm || c.trouble.IsZero() {
		c.trouble = time.Now()
	}
	pause := c.backoff.next(lived)
	c.pause = time.After(pause)
	c.patience = time.After(time.Until(c.trouble.Add(patience)))
	return pause
}

// overdue returns those of left, the requests in the table, that have been there at the end of each
// worker for longer than patience.
func (c *change) overdue(left []inflight.Request, patience time.Duration) (late []inflight.Request) {
	waits := make(map[uint64]time.Time, len(left))
	for _, r := range left {
		since, known := c.waits[r.ID()]
		if !known {
			since = time.Now()
		}
		waits[r.ID()] = since
		if time.Since(since) > patience {
			late = append(late, r)
		}
	}
	c.waits = waits
	return late
}
