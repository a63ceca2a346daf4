package fs

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOutageLeavesTimeForAnAnswer(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		time.Minute: 6 * time.Second, 5 * time.Second: time.Second, time.Second / 2: time.Second / 2,
	} {
		var o outage
		o.began(timeout, timeout, 0, 0)
		if got := o.patience(timeout, 0); got != want {
			t.Errorf("timeout %v: patience in an outage = %v, want %v", timeout, got, want)
		}
	}
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Second
		var o outage
		want := func(when string, arrived int64, want time.Duration) {
			t.Helper()
			if got := o.patience(timeout, arrived); got != want {
				t.Errorf("%s: patience = %v, want %v", when, got, want)
			}
		}
		want("at first", 0, timeout)
		o.began(timeout, timeout, 6, 7)
		want("when others were served meanwhile", 7, timeout)
		o.began(timeout, timeout, 7, 7)
		want("in an outage", 7, timeout/shortened)
		want("when something has come since", 8, timeout)
		time.Sleep(timeout / 2)
		o.began(timeout, timeout/shortened, 7, 7)
		time.Sleep(timeout/2 + 1)
		want("when it was last seen long ago, short waits not counted", 7, timeout)
	})
}
