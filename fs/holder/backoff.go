package holder

import (
	"math/rand/v2"
	"time"
)

const (
	calm       = 200 * time.Millisecond // a worker that has served this long was no failed attempt
	firstPause = 100 * time.Millisecond // before the second attempt; the first one is made at once
	mostPause  = 5 * time.Second
)

// backoff tells how long to wait before the next worker is started. The zero value works.
type backoff struct{ attempts int }

// next is called when a worker has ended that had served for lived.
func (b *backoff) next(lived time.Duration) time.Duration {
	if lived >= calm {
		b.attempts = 0
	}
	b.attempts++
	if b.attempts == 1 {
		return 0
	}
	pause := min(firstPause<<min(b.attempts-2, 10), mostPause)
	return pause/2 + rand.N(pause/2) // many mounts may have lost theirs for the same reason
}
