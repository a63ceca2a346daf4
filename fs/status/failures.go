package status

import (
	"slices"
	"sync"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// Failed is the verdict of a failure that carries none.
const Failed fetch.Verdict = "failed"

// worst lists what makes a mount's state, the most serious first.
var worst = []fetch.Verdict{
	fetch.ErrCorrupt, fetch.ErrOverwritten, fetch.ErrMalformed, fetch.ErrDenied, fetch.ErrNotFound,
	fetch.ErrConflict, fetch.ErrUnavailable, Failed,
}

const (
	// maxFailures bounds the memory that failures take: one more object is counted under others.
	maxFailures = 100
	others      = "(others)"
	// passing is how long an outage is current after it was last seen, or a source that lacks the image.
	// The other verdicts stay: an object that was overwritten once has to be looked at, however long ago
	// it was.
	passing = time.Minute
)

// Failure is one kind of failure of one object, however often it happened.
type Failure struct {
	Verdict fetch.Verdict `json:"verdict"`
	Object  string        `json:"object"`
	Count   uint64        `json:"count"`
	First   time.Time     `json:"first"`
	Last    time.Time     `json:"last"`
	Message string        `json:"message"` // of the last one

	// Cleared is when it was found to be over, zero while it is not. If it happens again it counts on
	// and is told anew.
	Cleared time.Time `json:"cleared,omitzero"`
}

// Failures counts failures by verdict and object. The zero value is ready; all methods may be called
// concurrently.
type Failures struct {
	mu   sync.Mutex // guards list
	list []*Failure // in order of first sight, at most maxFailures + one per verdict
}

// Add counts one failure and reports whether it is the first of its verdict and object, which is
// when to log it.
func (f *Failures) Add(verdict fetch.Verdict, object string, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	seen := f.find(verdict, object)
	if seen == nil && len(f.list) >= maxFailures {
		object = others
		seen = f.find(verdict, object)
	}
	first := seen == nil || !seen.Cleared.IsZero()
	if seen == nil {
		seen = &Failure{Verdict: verdict, Object: object, First: now}
		f.list = append(f.list, seen)
	}
	seen.Count++
	seen.Last, seen.Cleared = now, time.Time{}
	seen.Message = err.Error()
	return first
}

// Restore adds what another Failures has counted earlier, such as that of a process which has ended.
func (f *Failures) Restore(list []Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var earlier []*Failure
	for _, e := range list {
		if seen := f.find(e.Verdict, e.Object); seen != nil {
			seen.Count, seen.First = seen.Count+e.Count, e.First
		} else {
			earlier = append(earlier, &e)
		}
	}
	f.list = append(earlier, f.list...)
}

// Clear notes that a failure is over, and reports whether there was one.
func (f *Failures) Clear(verdict fetch.Verdict, object string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.find(verdict, object)
	if seen == nil || !seen.Cleared.IsZero() {
		return false
	}
	seen.Cleared = time.Now()
	return true
}

// Snapshot returns what was counted so far, oldest first, never nil.
func (f *Failures) Snapshot() []Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Failure, 0, len(f.list))
	for _, e := range f.list {
		out = append(out, *e)
	}
	return out
}

// State returns the worst verdict that is current, or Serving.
func State(failures []Failure) string {
	state, rank := Serving, len(worst)
	for _, e := range failures {
		fleeting := e.Verdict == fetch.ErrUnavailable || e.Verdict == fetch.ErrNotFound || e.Verdict == Failed
		if !e.Cleared.IsZero() || fleeting && time.Since(e.Last) > passing {
			continue
		}
		if r := slices.Index(worst, e.Verdict); r >= 0 && r < rank {
			state, rank = string(e.Verdict), r
		}
	}
	return state
}

func (f *Failures) find(verdict fetch.Verdict, object string) *Failure {
	for _, e := range f.list {
		if e.Verdict == verdict && e.Object == object {
			return e
		}
	}
	return nil
}
