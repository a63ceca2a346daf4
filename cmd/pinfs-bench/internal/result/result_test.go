package result

import (
	"slices"
	"strings"
	"testing"
)

func setting() Setting {
	return Setting{Name: "local", Measurements: []Measurement{
		{Round: 0, Step: "find", Peer: "kernel", Seconds: 1, Sum: "x", Bytes: 3},
		{Round: 0, Step: "find", Peer: "pinfs", Seconds: 2, Sum: "x", Bytes: 3},
		{Round: 0, Step: "read", Peer: "kernel", Seconds: 5},
		{Round: 1, Step: "find", Peer: "pinfs", Seconds: 8, Sum: "x", Bytes: 3},
		{Round: 1, Step: "find", Peer: "kernel", Seconds: 2, Sum: "x", Bytes: 3},
	}}
}

func TestSteps(t *testing.T) {
	if got := setting().Steps(); !slices.Equal(got, []string{"find", "read"}) {
		t.Errorf("Steps() = %v", got)
	}
}

func TestRatioPairsRounds(t *testing.T) {
	if got := setting().Ratio("find", "pinfs", "kernel"); got.N != 2 || got.Median != 3 || got.Low != 2 || got.High != 4 {
		t.Errorf("Ratio = %+v, want 2 and 4", got)
	}
	if got := setting().Ratio("read", "pinfs", "kernel"); got.N != 0 {
		t.Errorf("Ratio of what was not measured = %+v", got)
	}
}

func TestCheck(t *testing.T) {
	if err := setting().Check(); err != nil {
		t.Errorf("Check of peers that agree: %v", err)
	}
	for name, spoil := range map[string]func(*Measurement){
		"sum":        func(m *Measurement) { m.Sum = "y" },
		"bytes":      func(m *Measurement) { m.Bytes = 4 },
		"operations": func(m *Measurement) { m.Operations = 1 },
	} {
		s := setting()
		spoil(&s.Measurements[3])
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), "pinfs") {
			t.Errorf("Check with another %s = %v, want an error that names pinfs", name, err)
		}
	}
}
