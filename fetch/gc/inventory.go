package gc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// prefix begins the key of all that pinfs keeps.
const prefix = ".pinfs/"

// found is an object that may be garbage.
type found struct {
	kind Kind
	key  string
	size int64
	age  time.Duration
}

// intent is an announced upload.
type intent struct {
	found
	name record.Name
	id   record.IntentID
	*record.Intent
}

// named is what a record says; err if it can not be read.
type named struct {
	pin fetch.Pin
	err error
}

// inventory is what a store has, and who needs it.
type inventory struct {
	now        time.Time // by the store's clock, or by ours
	images     map[fetch.Pin][]found
	others     []found // probes and removals
	intents    []intent
	current    map[record.Name]int // revisions
	named      map[fetch.Pin]bool  // by a record, or by an intent
	unreadable error               // a record
}

// look lists the store and reads what it has not read before. Announcements come first, and are read before
// anything else is listed: a publisher takes his back after he has added the record, so that whoever is
// not seen there any more is seen by his record.
func (r *run) look(ctx context.Context) (*inventory, error) {
	inv := &inventory{now: time.Now().Add(r.ahead), images: map[fetch.Pin][]found{}, current: map[record.Name]int{}, named: map[fetch.Pin]bool{}}
	if err := r.announced(ctx, inv); err != nil {
		return nil, err
	}
	var entries []fetch.Entry
	for e, err := range r.store.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if e.Modified.After(inv.now) {
			inv.now = e.Modified // its clock is ahead
		}
		entries = append(entries, e)
	}
	for _, e := range entries {
		if err := r.add(ctx, inv, e); err != nil {
			return nil, err
		}
	}
	return inv, nil
}

func (r *run) add(ctx context.Context, inv *inventory, e fetch.Entry) error {
	f := found{key: e.Key, size: e.Size, age: inv.now.Sub(e.Modified)}
	if pin, _, _, err := record.ParseImageKey(e.Key); err == nil {
		f.kind = Image
		inv.images[pin] = append(inv.images[pin], f)
	} else if name, revision, err := record.ParseRecordKey(e.Key); err == nil {
		inv.current[name] = max(inv.current[name], revision)
		return r.record(ctx, inv, e.Key)
	} else if strings.HasPrefix(e.Key, record.ProbePrefix) {
		f.kind = Probe
		inv.others = append(inv.others, f)
	} else if strings.HasPrefix(e.Key, record.RemovalPrefix) {
		f.kind = Removal
		inv.others = append(inv.others, f)
	}
	return nil
}

// record notes which pin the record at key names.
func (r *run) record(ctx context.Context, inv *inventory, key string) error {
	n, known := r.records[key]
	if !known {
		b, _, err := r.store.Get(ctx, key, record.MaxSize+1)
		if errors.Is(err, fetch.ErrNotFound) {
			return nil // taken back
		}
		if err != nil {
			return err
		}
		if rec, err := record.ParseAt(key, b); err == nil {
			n.pin = rec.Pin
		} else {
			n.err = errors.Join(fetch.ErrMalformed, err)
		}
		r.records[key] = n
	}
	inv.named[n.pin] = true
	inv.unreadable = errors.Join(inv.unreadable, n.err)
	return nil
}

// listTries bounds how often announcements are listed again because one went while they were read.
const listTries = 10

// announced takes in all announcements. One that has gone was renewed, at another key, or has ended: the
// next list tells.
func (r *run) announced(ctx context.Context, inv *inventory) error {
	for range listTries {
		inv.intents, inv.unreadable = nil, nil
		clear(inv.named)
		err := r.intents(ctx, inv)
		if !errors.Is(err, fetch.ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("%w: too many are publishing to %s just now: run it again", fetch.ErrUnavailable, r.store.URL())
}

func (r *run) intents(ctx context.Context, inv *inventory) error {
	for e, err := range r.store.List(ctx, record.UploadsPrefix) {
		if err != nil {
			return err
		}
		name, id, err := record.ParseIntentKey(e.Key)
		if err != nil {
			continue
		}
		f := found{kind: Intent, key: e.Key, size: e.Size, age: inv.now.Sub(e.Modified)}
		if err := r.intent(ctx, inv, intent{found: f, name: name, id: id}); err != nil {
			return err
		}
	}
	return nil
}

// intent reads an announcement. One that can not be understood is some other version's, and may be about any
// image.
func (r *run) intent(ctx context.Context, inv *inventory, i intent) error {
	b, _, err := r.store.Get(ctx, i.key, record.MaxIntentSize)
	if err != nil {
		return err
	}
	if i.Intent, err = record.ParseIntent(b); err != nil && i.age <= r.Grace {
		inv.unreadable = errors.Join(inv.unreadable, fetch.ErrMalformed, err)
	}
	if i.Intent != nil && (!i.dead() || i.age <= r.Grace) {
		inv.named[i.Pin] = true
	}
	inv.intents = append(inv.intents, i)
	return nil
}

// debris is what needs no second look.
func (inv *inventory) debris(grace time.Duration) (all []found) {
	for _, i := range inv.intents {
		if i.dead() && (i.age > grace || i.id.Revision <= inv.current[i.name]) {
			all = append(all, i.found)
		}
	}
	for _, o := range inv.others {
		if o.age > grace {
			all = append(all, o)
		}
	}
	return all
}

// dead reports whether the publisher was not heard of for twice as long as it promised. Its revision may
// be left to it all the same: see publish.
func (i intent) dead() bool {
	return i.Intent == nil || i.age > 2*time.Duration(i.Lease*float64(time.Second))
}

// wanted reports whether somebody who is publishing may be at work on key.
func (inv *inventory) wanted(key string) bool {
	pin, _, _, err := record.ParseImageKey(key)
	for _, i := range inv.intents {
		if err == nil && (i.Intent == nil || i.Pin == pin) && !i.dead() {
			return true
		}
	}
	return false
}
