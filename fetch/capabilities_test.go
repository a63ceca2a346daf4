package fetch

import (
	"slices"
	"testing"
)

func TestExclusive(t *testing.T) {
	for _, c := range []struct {
		put, race          Support
		exclusive, settled bool
	}{
		{Honoured, Honoured, true, true},
		{Honoured, Ignored, false, true},
		{Honoured, Unknown, false, false},
		{Honoured, "", false, false},
		{Ignored, Honoured, false, true},
		{Ignored, Ignored, false, true},
		{Refused, Unknown, false, true},
		{Unknown, Honoured, false, false},
		{"", "", false, false},
	} {
		found := Capabilities{ConditionalPut: {Support: c.put}, CreateRace: {Support: c.race}}
		if found.Exclusive() != c.exclusive || found.Settled() != c.settled {
			t.Errorf("%+v: exclusive %v, settled %v; want %v, %v", found, found.Exclusive(), found.Settled(), c.exclusive, c.settled)
		}
	}
	if Capabilities(nil).Exclusive() {
		t.Error("a store of which nothing is known is exclusive")
	}
}

func TestAllCapabilities(t *testing.T) {
	sorted := slices.Clone(AllCapabilities)
	slices.Sort(sorted)
	if n := len(slices.Compact(sorted)); n != len(AllCapabilities) || n != 12 {
		t.Errorf("AllCapabilities has %d, %d of them different; want 12", len(AllCapabilities), n)
	}
}
