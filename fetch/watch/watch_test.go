package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// story is a target whose probes end as they are told, and what came of it.
type story struct {
	mu      sync.Mutex // guards all below
	now     error
	same    bool // what is there has the pinned bytes
	asked   int  // calls of Accept
	happens []string
}

var pinned = fetch.Location{URL: "test://object", ETag: "a", Size: 5}

func (s *story) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = err
}

func (s *story) target() Target {
	return Target{
		At: pinned,
		Probe: func(context.Context) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
		Accept: func(_ context.Context, now fetch.Location) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.asked++
			if !s.same {
				return fmt.Errorf("%w: other bytes", fetch.ErrCorrupt)
			}
			s.now = nil
			return nil
		},
	}
}

func (s *story) config() Config {
	tell := func(what string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.happens = append(s.happens, what)
	}
	return Config{
		Found: func(_ fetch.Location, err error) { tell("found") },
		Back:  func(fetch.Location) { tell("back") },
	}
}

// play runs the watch for a time with each of the states, one after the other, and returns what
// happened, once each time that it changed.
func (s *story) play(t *testing.T, states ...error) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { Run(ctx, []Target{s.target()}, s.config()) })
	for _, state := range states {
		s.set(state)
		time.Sleep(10 * time.Minute)
	}
	cancel()
	done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Compact(s.happens), " ")
}

func overwritten(etag string, size int64) error {
	return &fetch.OverwrittenError{Want: pinned, Got: fetch.Location{URL: pinned.URL, ETag: etag, Size: size}}
}

func TestWatch(t *testing.T) {
	gone := &fetch.OverwrittenError{Want: pinned, Gone: true}
	down := fmt.Errorf("refused: %w", fetch.ErrUnavailable)
	for _, c := range []struct {
		name   string
		same   bool
		states []error
		want   string
		asked  int
	}{
		{"nothing happens", false, []error{nil}, "back", 0},
		{"an outage says nothing", false, []error{nil, down, nil}, "back", 0},
		{"overwritten and back", false, []error{nil, overwritten("b", 6), nil}, "back found back", 0},
		{"gone and back", false, []error{gone, nil}, "found back", 0},
		{"an outage while it is away", false, []error{gone, down, nil}, "found back", 0},
		{"other bytes of the same size", false, []error{overwritten("b", 5)}, "found", 1},
		{"one after the other", false, []error{overwritten("b", 5), overwritten("c", 5), overwritten("b", 5)}, "found", 3},
		{"the same bytes again", true, []error{nil, overwritten("b", 5)}, "back", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{same: c.same}
				if got := s.play(t, c.states...); got != c.want || s.asked != c.asked {
					t.Errorf("happened %q, Accept was asked %d times, want %q and %d", got, s.asked, c.want, c.asked)
				}
			})
		})
	}
}

// TestPace counts the looks of an hour.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		looks := 0
		Run(ctx, []Target{{At: pinned, Probe: func(context.Context) error { looks++; return nil }}}, Config{Back: func(fetch.Location) {}})
		if looks < 45 || looks > 80 {
			t.Errorf("%d looks in an hour, want about 60", looks)
		}
	})
}
