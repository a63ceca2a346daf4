package integration

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// contestRounds is how many rounds publishers compete for; PINFS_ROUNDS.
func contestRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PINFS_ROUNDS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PINFS_ROUNDS=%q: want how many rounds", text)
	}
	return n
}

// TestConcurrentPublishers: two to sixteen processes publish different images to one name at once; one of them
// does so, and the others leave nothing. Then as many publish the same image, and all of them do.
func TestConcurrentPublishers(t *testing.T) {
	sweeps(t, func(s *sweep) {
		s.size = 200_000
		a := &attempt{sweep: s, ref: s.store() + "/PE/contested"}
		for round := range contestRounds(t) {
			n := [...]int{16, 2, 5, 3, 11, 8}[round%6]
			a.differ(fmt.Sprintf("round %d, %d publishers", round, n), n)
			a.agree(fmt.Sprintf("round %d, %d publishers of the same", round, n), n)
			if t.Failed() {
				return
			}
		}
		t.Logf("%d revisions in %d rounds each of different and of equal images", a.revisions(), contestRounds(t))
	})
}

// differ has n publish an image each. The name has the pin a.old then.
func (a *attempt) differ(what string, n int) {
	a.t.Helper()
	images, pins := make([]string, n), make([]string, n)
	for i := range n {
		images[i], pins[i] = a.sweep.image(a.size)
	}
	before := a.revisions()
	var won []int
	for i, r := range a.compete(images) {
		switch {
		case r.code == 0:
			won = append(won, i)
		case r.code != conflict:
			a.t.Errorf("%s: exit %d, %s", what, r.code, r.stderr)
		}
	}
	now := a.pinNow(what, pins...)
	if len(won) != 1 || now != pins[won[0]] {
		a.t.Errorf("%s: %d won, the name stands for %s, want what one of them published", what, len(won), now)
	}
	a.old = now
	a.added(what, before)
}

// agree has n publish one image.
func (a *attempt) agree(what string, n int) {
	a.t.Helper()
	image, pin := a.sweep.image(a.size)
	images := make([]string, n)
	for i := range images {
		images[i] = image
	}
	before := a.revisions()
	for _, r := range a.compete(images) {
		if r.code != 0 {
			a.t.Errorf("%s: exit %d, %s", what, r.code, r.stderr)
		}
	}
	if a.old = a.pinNow(what, pin); a.old != pin {
		a.t.Errorf("%s: the name stands for %s", what, a.old)
	}
	a.added(what, before)
}

// compete has as many processes as there are images publish at once.
func (a *attempt) compete(images []string) []result {
	a.t.Helper()
	results := make([]result, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		all.Go(func() { results[i] = a.direct.run(a.args(image, a.old)...) })
	}
	all.Wait()
	return results
}

// added checks that the name has one revision more than before, a clean history, and nobody at work.
func (a *attempt) added(what string, before int) {
	a.t.Helper()
	if got := a.revisions(); got != before+1 {
		a.t.Errorf("%s: %d revisions, want %d", what, got, before+1)
	}
	if left := a.intents(); len(left) > 0 {
		a.t.Errorf("%s: left behind are %q", what, left)
	}
	if history := a.direct.ok("history", a.ref); strings.Contains(history, "disputed") {
		a.t.Errorf("%s: the history is\n%s", what, history)
	}
}
