package plan

import (
	"slices"
	"strings"
	"testing"
)

func TestOrder(t *testing.T) {
	var got []string
	for _, r := range New(3, []string{"x", "y"}, []string{"a", "b", "c"}) {
		got = append(got, r.Workload+r.Candidate)
	}
	want := strings.Fields("xa xb xc ya yb yc  xc xb xa yc yb ya  xa xb xc ya yb yc")
	if !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// TestEachOnceARound also holds that a round has each measurement exactly once.
func TestEachOnceARound(t *testing.T) {
	times := map[Run]int{}
	for _, r := range New(4, []string{"x", "y", "z"}, []string{"a", "b"}) {
		times[r]++
	}
	if len(times) != 4*3*2 {
		t.Errorf("%d measurements, want %d", len(times), 4*3*2)
	}
	for r, n := range times {
		if n != 1 {
			t.Errorf("%v is planned %d times", r, n)
		}
	}
}

func TestNothing(t *testing.T) {
	if got := New(3, nil, []string{"a"}); len(got) != 0 {
		t.Errorf("a plan without workloads: %v", got)
	}
}
