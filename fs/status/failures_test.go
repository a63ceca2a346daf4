package status

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

func TestFailuresCountsRepetitions(t *testing.T) {
	var f Failures
	if !f.Add(fetch.ErrCorrupt, "o", errors.New("first")) {
		t.Error("Add of a new failure = false, want true")
	}
	if f.Add(fetch.ErrCorrupt, "o", errors.New("second")) {
		t.Error("Add of the same failure = true, want false")
	}
	if !f.Add(fetch.ErrUnavailable, "o", errors.New("other")) {
		t.Error("Add of another verdict = false, want true")
	}
	got := f.Snapshot()
	if len(got) != 2 || got[0].Count != 2 || got[0].Message != "second" || got[0].Last.Before(got[0].First) {
		t.Errorf("Snapshot = %+v", got)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	var f Failures
	const n = 10 * maxFailures
	for i := range n {
		f.Add(fetch.ErrMalformed, fmt.Sprint(i), errors.New("x"))
	}
	got, total := f.Snapshot(), uint64(0)
	for _, e := range got {
		total += e.Count
	}
	if len(got) != maxFailures+1 || total != n {
		t.Errorf("%d entries with %d failures, want %d with %d", len(got), total, maxFailures+1, n)
	}
}

func TestState(t *testing.T) {
	now, old := time.Now(), time.Now().Add(-time.Hour)
	tests := []struct {
		failures []Failure
		want     string
	}{
		{nil, Serving},
		{[]Failure{{Verdict: fetch.ErrUnavailable, Last: now}}, "unavailable"},
		{[]Failure{{Verdict: fetch.ErrUnavailable, Last: old}}, Serving},
		{[]Failure{{Verdict: Failed, Last: now}}, "failed"},
		{[]Failure{{Verdict: fetch.ErrUnavailable, Last: now}, {Verdict: fetch.ErrOverwritten, Last: old}}, "overwritten"},
		{[]Failure{{Verdict: fetch.ErrOverwritten, Last: now}, {Verdict: fetch.ErrCorrupt, Last: old}}, "corrupt"},
	}
	for _, tt := range tests {
		if got := State(tt.failures); got != tt.want {
			t.Errorf("State(%v) = %q, want %q", tt.failures, got, tt.want)
		}
	}
}

func TestClearedFailureIsNoState(t *testing.T) {
	var f Failures
	err := fetch.ErrOverwritten
	if f.Clear(err, "a") {
		t.Error("Clear of what never was reports that it was")
	}
	if !f.Add(err, "a", err) || f.Add(err, "a", err) {
		t.Error("the first failure alone is to be told")
	}
	if got := State(f.Snapshot()); got != string(err) {
		t.Errorf("state %q, want %q", got, err)
	}
	if !f.Clear(err, "a") || f.Clear(err, "a") {
		t.Error("the first Clear alone is to be told")
	}
	if s := f.Snapshot(); State(s) != Serving || len(s) != 1 || s[0].Count != 2 || s[0].Cleared.IsZero() {
		t.Errorf("after Clear state %q, %+v", State(s), s)
	}
	if !f.Add(err, "a", err) {
		t.Error("a failure that comes again is not told")
	}
	if got := State(f.Snapshot()); got != string(err) {
		t.Errorf("state %q, want %q", got, err)
	}
}

// TestRestore: what an earlier process has counted comes first, and counts on.
func TestRestore(t *testing.T) {
	var earlier, f Failures
	earlier.Add(fetch.ErrCorrupt, "o", errors.New("a"))
	earlier.Add(fetch.ErrOverwritten, "p", errors.New("b"))
	f.Add(fetch.ErrOverwritten, "p", errors.New("c"))
	f.Restore(earlier.Snapshot())
	got := f.Snapshot()
	if len(got) != 2 || got[0].Object != "o" || got[1].Count != 2 || got[1].Message != "c" || !got[1].First.Equal(earlier.Snapshot()[1].First) {
		t.Errorf("restored: %+v", got)
	}
	if f.Add(fetch.ErrCorrupt, "o", errors.New("d")) {
		t.Error("what was told of before is told of again")
	}
}
