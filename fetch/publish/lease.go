package publish

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// lease is a run's claim to a revision of a name: an intent that lies in the store until end.
//
// Who puts an intent, lists, and sees no other one that counts, is alone: of two who did so, the one who
// listed later would have seen the other's, since a list shows all that was put before. Who sees another
// one withdraws. So two never go on, however their requests interleave.
//
// An intent that was not renewed for as long as it says does not count. Its publisher may be alive all
// the same. Where the store checks conditions that does no harm, the record's key is free only once.
// Elsewhere a revision that anybody has claimed is left to him: see claim.
type lease struct {
	p      *publication
	id     record.IntentID // of its first intent
	intent record.Intent
	stop   context.CancelFunc // of the renewing; nil before hold
	done   sync.WaitGroup

	mu    sync.Mutex    // guards all below
	put   time.Time     // when the newest intent was there, by our clock
	seq   int           // of the last try to put one
	ahead time.Duration // the store's clock of ours
	keys  []string      // of intents of this run that are there, or may be
}

// cleanWithin is how long the removal of an intent may take; it is done in any case.
const cleanWithin = 20 * time.Second

// claim gets hold of revision, or of a later one where the store does not check conditions and somebody
// who has claimed it was not heard of for long.
func (p *publication) claim(ctx context.Context, revision int, pin fetch.Pin) (*lease, error) {
	if p.Ask != nil {
		p.Exclusive, p.Ask = p.Ask(ctx), nil
	}
	for {
		l, err := p.announce(ctx, revision, pin)
		if err != nil {
			return nil, err
		}
		others, err := l.rivals(ctx)
		stale := others.stale(revision)
		switch {
		case err != nil:
		case others.live() != nil:
			err = p.meet(*others.live(), pin)
		case stale >= revision && !p.Exclusive:
			l.end()
			revision = stale + 1
			continue
		default:
			if err = l.hold(ctx); err == nil {
				err = l.spared(ctx, pin)
			}
		}
		if err != nil {
			l.end()
			return nil, err
		}
		return l, nil
	}
}

// announce puts the first intent of a run.
func (p *publication) announce(ctx context.Context, revision int, pin fetch.Pin) (*lease, error) {
	l := &lease{p: p, id: record.IntentID{Revision: revision, Run: rand.Text()}}
	l.intent = record.Intent{
		Name: p.Name, Revision: revision, Pin: pin, Publisher: p.Publisher,
		Started: time.Now().UTC().Truncate(time.Second), Lease: p.Lease.Seconds(),
	}
	if err := l.write(ctx, l.id); err != nil {
		l.end() // the answer may have been lost
		return nil, err
	}
	return l, nil
}

func (l *lease) write(ctx context.Context, id record.IntentID) error {
	b, err := l.intent.Format()
	if err != nil {
		return err
	}
	key := record.IntentKey(l.p.Name, id)
	l.mu.Lock()
	l.keys = append(l.keys, key)
	l.mu.Unlock()
	if _, err = l.p.store.Create(ctx, key, bytes.NewReader(b), int64(len(b))); err != nil {
		return fmt.Errorf("announce the upload: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put = time.Now()
	return nil
}

// hold shows others that this run has not seen any, and goes on showing that it lives.
func (l *lease) hold(ctx context.Context) error {
	if err := l.renew(ctx); err != nil {
		return err
	}
	ctx, l.stop = context.WithCancel(ctx)
	l.done.Go(func() {
		for sleep(ctx, l.p.Lease/3) == nil {
			_ = l.renew(ctx) // the next one may work, and nothing hangs on it
		}
	})
	return nil
}

// renew puts the next intent and then removes those before, so that there is always one. A key is tried
// once: an intent whose answer was lost may be there, and would not be newer for a second try.
func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	l.seq++
	next, before := l.id, slices.Clone(l.keys)
	next.Seq = l.seq
	l.mu.Unlock()
	if err := l.write(ctx, next); err != nil {
		return err
	}
	l.remove(ctx, before...)
	return nil
}

// age is the time since the newest intent was there.
func (l *lease) age() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.put)
}

// remove is for tidiness; what it can not remove counts for nothing after a while.
func (l *lease) remove(ctx context.Context, keys ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer cancel()
	for _, key := range keys {
		if l.p.store.Remove(ctx, key) == nil {
			l.mu.Lock()
			l.keys = slices.DeleteFunc(l.keys, func(k string) bool { return k == key })
			l.mu.Unlock()
		}
	}
}

// spared fails while somebody is about to remove what nobody names of pin. He has said so before he looked
// for who announced it, and we have announced it before we look for him: one sees the other.
func (l *lease) spared(ctx context.Context, pin fetch.Pin) error {
	for e, err := range l.p.store.List(ctx, record.RemovalPrefix+pin.Hex()+"/") {
		if err != nil {
			return err
		}
		if l.now().Sub(e.Modified) < record.RemovalLease {
			return &busyError{removal: true, store: l.p.store.URL(), name: l.p.Name}
		}
	}
	return nil
}

// lapsed fails if the claim was not renewed in time: others may have taken this run for dead.
func (l *lease) lapsed() error {
	if l.age() > l.p.Lease {
		return &busyError{again: true}
	}
	return nil
}

// now is the time by the store's clock.
func (l *lease) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.ahead)
}

// leave lets the claim run out instead of taking it back: others wait for that, and then leave the revision
// alone.
func (l *lease) leave() {
	l.rest()
	l.keys = nil
}

// rest ends the renewing; from then on l belongs to one goroutine.
func (l *lease) rest() {
	if l.stop != nil {
		l.stop()
		l.done.Wait()
	}
}

// end takes the claim back.
func (l *lease) end() {
	l.rest()
	l.remove(context.Background(), slices.Clone(l.keys)...)
}
