package fs

import (
	"sync/atomic"
	"time"
)

// outage shortens waits while the origin is known to be down. One reader has then waited for all of
// the timeout; the kernel asks for the same bytes once more when read-ahead has failed, and keeps
// further requests in a queue of its own while many wait, so that each of them would wait several
// times over.
type outage struct{ until atomic.Int64 } // unix nanoseconds

// shortened is the part of the timeout that a request gets during an outage.
const shortened = 10

// patience is how long a request that begins now may take.
func (o *outage) patience(timeout time.Duration) time.Duration {
	if time.Now().UnixNano() < o.until.Load() {
		return timeout / shortened
	}
	return timeout
}

// began notes that a request which had all of its time found the origin down; for as long again the
// next ones get less. One that had less is no proof: the origin may only be slow, and has to be given
// all of the time again some day.
func (o *outage) began(timeout, had time.Duration) {
	if had == timeout {
		o.until.Store(time.Now().Add(timeout).UnixNano())
	}
}
