package fs

import (
	"sync"
	"time"
)

// outage shortens waits while the origin is known to be down. One reader has then waited for all of
// the timeout; the kernel asks for the same bytes once more when read-ahead has failed, and keeps
// further requests in a queue of its own while many wait, so that each of them would wait several
// times over. It ends as soon as anything has come from the origin. The zero value is no outage.
type outage struct {
	mu    sync.Mutex
	until time.Time
	seen  int64 // what had arrived when it began
}

const (
	shortened = 10          // a request gets this part of the timeout during an outage,
	shortest  = time.Second // but not less than an origin that is back needs for an answer
)

// patience is how long a request that begins now may take; arrived is how much the origin has sent
// so far.
func (o *outage) patience(timeout time.Duration, arrived int64) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Now().Before(o.until) && arrived == o.seen {
		return min(timeout, max(timeout/shortened, shortest))
	}
	return timeout
}

// began notes that a request which had all of its time found the origin down, having sent nothing to
// anybody meanwhile; for as long again the next requests get less. One that had less is no proof: the
// origin may only be slow, and has to be given all of the time again some day.
func (o *outage) began(timeout, had time.Duration, before, arrived int64) {
	if had != timeout || before != arrived {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until, o.seen = time.Now().Add(timeout), arrived
}
