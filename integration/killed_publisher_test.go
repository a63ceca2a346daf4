package integration

import (
	"errors"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// TestKilledPublisher: whenever a publisher is killed, the name stands for what it stood for or for what was to
// be published, and the next one can go on.
func TestKilledPublisher(t *testing.T) {
	sweeps(t, func(s *sweep) {
		s.requests(false) // what the bucket honours is known from here on
		s.kills(false)
		s.kills(true)
		s.size = 17 << 20 // two parts
		s.kills(false)
		t.Logf("uploads in parts that were left: %d", len(s.unfinished()))
	})
}

// TestKilledProbe: a publisher that is killed while it finds out what the bucket honours.
func TestKilledProbe(t *testing.T) {
	s := newSweep(t, false)
	s.fresh()
	s.kills(false)
}

// kills publishes once for each request, before which the publisher is killed, and once for each after the
// answer to which it is; then it looks what has become of it.
func (s *sweep) kills(moves bool) {
	s.t.Helper()
	n := s.requests(moves)
	var all []*killed
	for i := 1; i <= n; i += stride(n) {
		for _, answered := range []bool{false, true} {
			all = append(all, s.kill(i, answered, moves))
		}
	}
	published, told := 0, 0
	for i, k := range slices.Backward(all) { // the last lease has not ended yet
		if k.now == k.pin {
			published++
		}
		told += k.recovers(k.what, k.now, i%4 < 2)
	}
	s.t.Logf("%d bytes, moved %v: %d requests, killed %d times, published then %d; others were told to wait %d times",
		s.size, moves, n, len(all), published, told)
}

// killed is a publication whose publisher was killed.
type killed struct {
	*attempt
	what string
	now  string // what the name stood for then
}

// kill kills a publisher at request i: before the server gets it, or when it has answered.
func (s *sweep) kill(i int, answered, moves bool) *killed {
	s.t.Helper()
	k := &killed{attempt: s.attempt(moves), what: "not killed"}
	c := k.command()
	dead := make(chan struct{})
	var once sync.Once
	s.tap.begin(func(x *exchange) {
		if x.n != i {
			x.forward()
			return
		}
		when := "before"
		if answered {
			when = "after"
			x.forward()
		}
		once.Do(func() { k.what = "killed " + when + " " + x.String() })
		_ = c.Process.Kill() // that it is dead is waited for
		<-dead
		x.answer = nil
	})
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	err := c.Wait()
	close(dead)
	s.tap.count()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.Exited()) {
		s.t.Errorf("%s: %v", k.what, err)
	}
	k.now = k.pinNow(k.what)
	return k
}
