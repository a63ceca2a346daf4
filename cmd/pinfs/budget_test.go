package main

import (
	"strings"
	"testing"
)

func TestBudget(t *testing.T) {
	for _, tt := range []struct {
		memory, workers string
		want            budget
		fails           string
	}{
		{"", "", budget{128 << 20, 0}, ""},
		{"64MiB", "7", budget{64 << 20, 7}, ""},
		{"1MiB", "", budget{}, "at least 32.0 MiB"},
		{"much", "", budget{}, `memory "much"`},
		{"", "0", budget{}, "from 1 to 1024"},
		{"", "two", budget{}, `workers "two"`},
	} {
		c := config{Memory: tt.memory, Workers: tt.workers}
		b, err := c.budget()
		if tt.fails == "" && (err != nil || b != tt.want) {
			t.Errorf("memory %q, workers %q: %+v, %v, want %+v", tt.memory, tt.workers, b, err, tt.want)
		}
		if tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
			t.Errorf("memory %q, workers %q: %v, want %q", tt.memory, tt.workers, err, tt.fails)
		}
	}
	if b := (budget{total: 128 << 20}); b.leaves().CacheBytes+b.leaves().InFlightBytes+b.blocks().CacheBytes > b.total*3/4 {
		t.Errorf("of %+v the caches leave nothing for requests", b)
	}
}
