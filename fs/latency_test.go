package fs

import (
	"testing"
	"time"
)

func TestLatencies(t *testing.T) {
	var l latencies
	if got := l.within(500); got != 0 {
		t.Errorf("without any answer: %v, want 0", got)
	}
	for range 94 {
		l.add(3 * time.Microsecond)
	}
	for range 5 {
		l.add(900 * time.Microsecond)
	}
	l.add(1000 * time.Hour)
	for perMille, want := range map[uint64]float64{500: 4e-6, 940: 4e-6, 950: 1024e-6, 990: 1024e-6} {
		if got := l.within(perMille); got != want {
			t.Errorf("%d of 1000 within %v s, want %v", perMille, got, want)
		}
	}
	if got := l.within(1000); got < 1000 {
		t.Errorf("all within %v s, want much", got)
	}
}
