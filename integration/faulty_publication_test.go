package integration

import (
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// faults are what networks and servers do to one request of a publisher.
var faults = map[string]meddler{
	"answer lost": func(x *exchange) {
		x.forward()
		x.answer = nil
	},
	"reset":          func(x *exchange) {},
	"refused by 500": func(x *exchange) { x.refuse(http.StatusInternalServerError) },
	"done, but 500": func(x *exchange) {
		x.forward()
		x.said = nil
		x.refuse(http.StatusInternalServerError)
	},
	"bit flipped on the way": func(x *exchange) {
		if n := len(x.body); n > 0 {
			x.body[n/2] ^= 0x10
		}
		x.forward()
	},
}

// TestFaultyPublication: whatever happens to one request, the publication succeeds.
func TestFaultyPublication(t *testing.T) {
	sweeps(t, func(s *sweep) {
		s.requests(false)
		for what, fault := range faults {
			s.suffers(what, fault, false)
		}
		s.suffers("answer lost", faults["answer lost"], true)
		s.size = 17 << 20 // two parts
		for what, fault := range faults {
			s.suffers(what, fault, false)
		}
		t.Logf("uploads in parts that were left: %d", len(s.unfinished()))
	})
}

// TestPublicationInAnOutage: the server goes away at some request and is back for the next publication.
func TestPublicationInAnOutage(t *testing.T) {
	s := newSweep(t, false)
	s.through.env = append(s.through.env, "PINFS_TIMEOUT=1s")
	n := s.requests(false)
	for _, i := range sample(n) {
		a := s.attempt(false)
		s.tap.begin(func(x *exchange) {
			if x.n < i {
				x.forward()
			}
		})
		code, words := a.outcome()
		now := a.pinNow("outage")
		if code != unavailable && now != a.pin {
			t.Errorf("server gone at request %d: exit %d, the name stands for %q; %s", i, code, now, words)
		}
		a.recovers("outage", now, true)
	}
}

// suffers publishes once for each request, to which fault happens: that is no reason to fail, nor to leave
// anything behind.
func (s *sweep) suffers(what string, fault meddler, moves bool) {
	s.t.Helper()
	n, hit := s.requests(moves), 0
	for _, i := range sample(n) {
		hit++
		a := s.attempt(moves)
		before, name := a.revisions(), what+": nothing"
		s.tap.begin(func(x *exchange) {
			if x.n != i {
				x.forward()
				return
			}
			name = what + ": " + x.String()
			fault(x)
		})
		code, words := a.outcome()
		if now := a.pinNow(name); code != 0 || now != a.pin {
			s.t.Errorf("%s: exit %d, the name stands for %q; %s", name, code, now, words)
		}
		if got := a.revisions(); got != before+1 {
			s.t.Errorf("%s: %d revisions, want %d", name, got, before+1)
		}
		if left := a.intents(); len(left) > 0 {
			s.t.Errorf("%s: left behind are %q", name, left)
		}
	}
	s.t.Logf("%s, %d bytes, moved %v: %d of %d requests were hit", what, s.size, moves, hit, n)
}

// outcome publishes through the tap and returns the exit code and what is said on stderr.
func (a *attempt) outcome() (code int, words string) {
	a.t.Helper()
	c := a.command()
	var stderr strings.Builder
	c.Stderr = &stderr
	err := c.Run()
	a.tap.count()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		a.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), stderr.String()
}
