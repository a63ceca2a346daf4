package integration

import (
	"errors"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pinfs/pinfs/integration/s3server"
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
		if s.server.Kind == s3server.Versitygw && !s.server.Versioning { // it has a file for each object
			s.collects()
		}
	})
}

// collects checks that gc leaves only what names stand for of what the killed have left behind, when that
// is old enough.
func (s *sweep) collects() {
	s.t.Helper()
	age(s.t, s.server.StoredFile(s.bucket, ""))
	s.t.Log(s.direct.run("gc", "--grace", "1h", "--delete", s.store()).stderr)
	if left := s.unfinished(); len(left) > 0 {
		s.t.Errorf("uploads in parts after gc: %q", left)
	}
	for _, prefix := range []string{".pinfs/uploads/", ".pinfs/probe/"} {
		if left := listing(s.t, s.server, s.bucket, prefix); len(left) > 0 {
			s.t.Errorf("after gc there are %q", left)
		}
	}
	named := map[string]bool{}
	for _, key := range listing(s.t, s.server, s.bucket, ".pinfs/names/") {
		for _, pin := range anyPin.FindAllString(string(content(s.t, s.server.StoredFile(s.bucket, key))), -1) {
			named[pin] = true
		}
	}
	for _, key := range listing(s.t, s.server, s.bucket, ".pinfs/images/") {
		if pin := anyPin.FindString(key); !named[pin] {
			s.t.Errorf("after gc there is %s, which no name stands for", key)
		}
	}
	if r := s.direct.run("scrub", s.store()); r.code != 0 {
		s.t.Errorf("scrub after gc: exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
}

var anyPin = regexp.MustCompile("[0-9a-f]{64}")

// age makes all files below dir two hours old.
func age(t testing.TB, dir string) {
	t.Helper()
	then := time.Now().Add(-2 * time.Hour)
	err := filepath.WalkDir(dir, func(path string, _ iofs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, then, then))
	})
	if err != nil {
		t.Fatal(err)
	}
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
	for _, i := range sample(n) {
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
