package fs

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Second
		var o outage
		want := func(when string, want time.Duration) {
			t.Helper()
			if got := o.patience(timeout); got != want {
				t.Errorf("%s: patience = %v, want %v", when, got, want)
			}
		}
		want("at first", timeout)
		o.began(timeout, timeout)
		want("in an outage", timeout/shortened)
		time.Sleep(timeout / 2)
		o.began(timeout, timeout/shortened)
		time.Sleep(timeout/2 + 1)
		want("when it was last seen long ago, short waits not counted", timeout)
	})
}
