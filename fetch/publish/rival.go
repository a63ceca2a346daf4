package publish

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// rival is somebody else's intent for the same name.
type rival struct {
	record.IntentID
	record.Intent           // zero but for the lease if it can not be read
	modified      time.Time // by the store's clock
	dead          bool      // not renewed for as long as it says
	keys          []string  // of all its intents: one that died while it renewed has left two
}

type rivals []rival

// live returns the first one that counts, nil if there is none. One that has seen nobody else comes before
// those that are still looking.
func (all rivals) live() *rival {
	var found *rival
	for i := range all {
		if r := &all[i]; !r.dead && (found == nil || r.Seq > 0 && found.Seq == 0) {
			found = r
		}
	}
	return found
}

// stale returns the highest revision from which on that one that does not count has claimed; 0 if there
// is none.
func (all rivals) stale(from int) (highest int) {
	for _, r := range all {
		if r.dead && r.IntentID.Revision >= from {
			highest = max(highest, r.IntentID.Revision)
		}
	}
	return highest
}

// listTries bounds how often the list is read again because somebody renewed while it was looked at.
const listTries = 10

// rivals lists who else is about to publish under the name. If one of them counts for sure it does not
// matter that others could not be read.
func (l *lease) rivals(ctx context.Context) (rivals, error) {
	for range listTries {
		found, err := l.look(ctx)
		if !errors.Is(err, errVanished) {
			return found, err
		}
		if found.live() != nil {
			return found, nil
		}
	}
	return nil, &busyError{again: true}
}

// errVanished reports an intent that was listed and is not there any more: its publisher has put the next one,
// or has ended.
var errVanished = errors.New("an announced upload has vanished")

// look returns those it could read even if it fails with errVanished.
func (l *lease) look(ctx context.Context) (rivals, error) {
	runs := map[string][]fetch.Entry{}
	for e, err := range l.p.store.List(ctx, record.IntentPrefix(l.p.Name)) {
		if err != nil {
			return nil, err
		}
		if name, id, err := record.ParseIntentKey(e.Key); err == nil && name == l.p.Name {
			runs[id.Run] = append(runs[id.Run], e)
		}
	}
	mine := runs[l.id.Run]
	if len(mine) == 0 && l.age() > l.p.Lease {
		return nil, &busyError{again: true} // somebody took us for dead
	}
	if len(mine) == 0 {
		return nil, fmt.Errorf("%w: %s does not list an upload that was just announced there", fetch.ErrUnavailable, l.p.store.URL())
	}
	delete(runs, l.id.Run)
	now := l.tell(mine[len(mine)-1].Modified)
	var found rivals
	var vanished error
	for _, entries := range runs {
		r, err := l.read(ctx, entries)
		if errors.Is(err, fetch.ErrNotFound) {
			vanished = errVanished
			continue
		}
		if err != nil {
			return nil, err
		}
		r.dead = now.Sub(r.modified) > seconds(r.Lease)+time.Second
		found = append(found, r)
	}
	return found, vanished
}

// tell takes in when the store has put the newest intent, and returns the time by the store's clock.
func (l *lease) tell(put time.Time) time.Time {
	l.mu.Lock()
	l.ahead = put.Sub(l.put)
	l.mu.Unlock()
	return l.now()
}

// read gets the last of a rival's intents, which lie in their order. What can not be understood counts
// like one of our own.
func (l *lease) read(ctx context.Context, entries []fetch.Entry) (rival, error) {
	last := entries[len(entries)-1]
	_, id, _ := record.ParseIntentKey(last.Key) // it was parsed before
	r := rival{IntentID: id, Intent: record.Intent{Lease: defaultLease.Seconds()}, modified: last.Modified}
	for _, e := range entries {
		r.keys = append(r.keys, e.Key)
	}
	b, _, err := l.p.store.Get(ctx, last.Key, record.MaxIntentSize)
	if err != nil {
		return r, err
	}
	if intent, err := record.ParseIntent(b); err == nil {
		r.Intent = *intent
		r.Lease = min(r.Lease, maxLease.Seconds())
	}
	return r, nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// meet says what a live rival means for the publisher of pin.
func (p *publication) meet(r rival, pin fetch.Pin) error {
	busy := &busyError{rival: r, same: r.Pin == pin, store: p.store.URL(), name: p.Name}
	if r.Seq > 0 && !busy.same {
		return busy.conflict()
	}
	return busy
}

// busyError reports somebody else who may turn out to be in nobody's way.
type busyError struct {
	rival   rival
	again   bool // there is none any more: look again at once
	removal bool // he is no publisher: he removes what nobody names
	same    bool // he publishes the same bytes
	store   string
	name    record.Name
}

// Error implements error.
func (e *busyError) Error() string { return e.conflict().Error() }

// Is matches fetch.ErrConflict.
func (e *busyError) Is(target error) bool { return target == fetch.ErrConflict }

func (e *busyError) conflict() error {
	if e.removal {
		return fmt.Errorf("%w: %s: images that nobody names are just being removed, this one as well", fetch.ErrConflict, e.store)
	}
	if e.again {
		return fmt.Errorf("%w: somebody else is publishing at the same time", fetch.ErrConflict)
	}
	return fmt.Errorf("%w: %s/%s is being published by %s since %s, %s: publish again when that has ended; should it have died, from %s after its last sign of life",
		fetch.ErrConflict, e.store, e.name, e.rival.Publisher, e.rival.Started.Format(time.RFC3339), e.rival.Pin, seconds(e.rival.Lease))
}

// holds reports whether he publishes the same bytes and nobody is in his way.
func (e *busyError) holds() bool { return e.same && e.rival.Seq > 0 }

const (
	// tieTries is how often a run that met others who were looking, too, looks again.
	tieTries = 12
	tiePause = 50 * time.Millisecond // doubled with each try up to the following
	tieMost  = 2 * time.Second
	samePoll = time.Second
)

// wait waits until another try may turn out otherwise; an error if there should be none.
func (e *busyError) wait(ctx context.Context, tries int) error {
	switch {
	case e.holds(), e.removal:
		return sleep(ctx, samePoll)
	case tries >= tieTries && !e.same:
		return e.conflict()
	case e.again:
		return nil
	}
	// Not all at once again.
	return sleep(ctx, rand.N(min(tiePause<<min(tries, tieTries), tieMost)))
}

// sweep removes what runs have left behind that will not come to anything any more.
func (l *lease) sweep(ctx context.Context) {
	found, _ := l.look(ctx) // what could not be read the next one looks at
	for _, r := range found {
		if r.dead && (l.p.Exclusive || r.IntentID.Revision <= l.id.Revision) {
			l.remove(ctx, r.keys...)
		}
	}
}
