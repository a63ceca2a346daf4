package gc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// removeWithin is how long after the notes images may be removed: publishers believe them for a little longer.
const removeWithin = record.RemovalLease - 5*time.Minute

// images removes those that nobody names.
func (r *run) images(ctx context.Context, inv *inventory) (err error) {
	pins := inv.orphans(r.Grace)
	if !r.Delete || len(pins) == 0 {
		r.dropAll(ctx, inv, pins)
		return nil
	}
	note := rand.Text()
	defer func() { err = errors.Join(err, r.withdraw(ctx, pins, note)) }()
	began := time.Now()
	for _, pin := range pins {
		key := record.RemovalKey(pin, note)
		if _, err := r.store.Create(ctx, key, bytes.NewReader(nil), 0); err != nil {
			return fmt.Errorf("announce the removal: %w", err)
		}
	}
	again, err := r.look(ctx)
	if err != nil {
		return err
	}
	if again.unreadable != nil {
		return fmt.Errorf("images are left alone: %w", again.unreadable)
	}
	for _, pin := range again.orphans(r.Grace) {
		if time.Since(began) > removeWithin {
			return fmt.Errorf("%w: this takes too long, run it again", fetch.ErrUnavailable)
		}
		if slices.Contains(pins, pin) {
			r.dropAll(ctx, again, []fetch.Pin{pin})
		}
	}
	return nil
}

// dropAll removes images with all that belongs to them. The manifest goes last: without it nobody could use
// the rest.
func (r *run) dropAll(ctx context.Context, inv *inventory, pins []fetch.Pin) {
	for _, pin := range pins {
		slices.SortFunc(inv.images[pin], func(a, b found) int { return strings.Compare(a.key, b.key) }) // i before m
		for _, f := range inv.images[pin] {
			r.drop(ctx, f)
		}
	}
}

// orphans are the pins that nobody names and of which nothing is young, in their order.
func (inv *inventory) orphans(grace time.Duration) (pins []fetch.Pin) {
	for pin, objects := range inv.images {
		young := slices.ContainsFunc(objects, func(f found) bool { return f.age <= grace })
		if !inv.named[pin] && !young {
			pins = append(pins, pin)
		}
	}
	slices.SortFunc(pins, func(a, b fetch.Pin) int { return bytes.Compare(a[:], b[:]) })
	return pins
}

// cleanWithin is how long the removal of notes may take; it is done in any case.
const cleanWithin = time.Minute

// withdraw removes the notes.
func (r *run) withdraw(ctx context.Context, pins []fetch.Pin, note string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer cancel()
	var all error
	for _, pin := range pins {
		all = errors.Join(all, r.store.Remove(ctx, record.RemovalKey(pin, note)))
	}
	return all
}
