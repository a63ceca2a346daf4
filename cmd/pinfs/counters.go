package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/pinfs/pinfs/fs/status"
)

// counters are what a mount has counted, of all its workers: whoever asks need not know that there were
// several.
type counters struct {
	Verified int64            `json:"verified"` // bytes
	Requests uint64           `json:"requests"`
	Errors   []status.Failure `json:"errors"`
}

// countersFile is where they are written down, in the run directory.
const countersFile = "counters"

// storeEvery is how often they are written down: one that is killed takes what came since with it.
const storeEvery = 5 * time.Second

// now returns the counters, those of the workers before this one included.
func (m *mounted) now() counters {
	return counters{m.before.Verified + m.object.Verified(), m.before.Requests + m.server.Requests(), m.server.Failures()}
}

// inherit takes over what the worker before this one has written down.
func (m *mounted) inherit() {
	b, err := m.place.ReadFile(countersFile)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil {
		err = json.Unmarshal(b, &m.before)
	}
	if err != nil {
		slog.Warn("the counters of earlier workers are lost", "err", err)
		return
	}
	m.failed.Restore(m.before.Errors)
}

// store writes the counters down now and then, and at the end.
func (m *mounted) store(ctx context.Context) {
	var last counters
	var said bool // that it does not work
	for ended := false; !ended; {
		select {
		case <-time.After(storeEvery):
		case <-ctx.Done():
			ended = true
		}
		now := m.now()
		if reflect.DeepEqual(now, last) {
			continue
		}
		err := m.write(now)
		if err == nil {
			last = now
		} else if !said {
			slog.Warn("counters can not be written down", "err", err)
		}
		said = err != nil
	}
}

func (m *mounted) write(c counters) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	next := countersFile + ".new"
	return errors.Join(m.place.WriteFile(next, b, 0o600), m.place.Rename(next, countersFile))
}
