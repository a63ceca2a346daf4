package holder

import (
	"errors"
	"reflect"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
)

func TestBackoff(t *testing.T) {
	var b backoff
	most := []time.Duration{0, 100, 200, 400, 800, 1600, 3200, 5000, 5000} // ms
	for n, want := range most {
		want *= time.Millisecond
		if got := b.next(calm - 1); got < want/2 || got > want {
			t.Errorf("pause before attempt %d = %v, want between %v and %v", n+1, got, want/2, want)
		}
	}
	if got := b.next(calm); got != 0 {
		t.Errorf("pause after a worker that lived = %v, want 0", got)
	}
}

// TestPatience: quick deaths use it up together, a worker that has lived gives all of it back.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = 10 * time.Second
		var c change
		left := func(lived time.Duration) time.Duration {
			begin := time.Now()
			c.plan(lived, patience)
			<-c.patience
			return time.Since(begin)
		}
		if got := left(0); got != patience {
			t.Errorf("after the first death %v are left, want %v", got, patience)
		}
		if got := left(calm - 1); got != 0 {
			t.Errorf("after a further one %v are left, want none", got)
		}
		if got := left(calm); got != patience {
			t.Errorf("after a worker that lived %v are left, want %v", got, patience)
		}
	})
}

func TestOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = 10 * time.Second
		request := func(unique uint64) inflight.Request { return inflight.Request{Opcode: 15, Unique: unique} }
		var c change
		check := func(when string, left, want []inflight.Request) {
			t.Helper()
			if got := c.overdue(left, patience); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: overdue = %v, want %v", when, got, want)
			}
		}
		check("at first", []inflight.Request{request(2), request(4)}, nil)
		time.Sleep(patience)
		check("with one answered and one new", []inflight.Request{request(2 | inflight.Resent), request(6)}, nil)
		time.Sleep(time.Nanosecond)
		again := []inflight.Request{request(2 | inflight.Resent), request(4), request(6)}
		check("after more than the patience", again, again[:1])
	})
}

func TestCarriedOver(t *testing.T) {
	want := carried{
		Version: carriedVersion, Spec: Spec{Mountpoint: "/m", Patience: time.Second, Holder: []string{"h"}, Job: []byte(`{"a":1}`)}, Background: true,
		Score: -5, Record: state.Record{WorkerPID: 7, Restarts: 3}, Mount: state.Mount{Device: "0:1"}, Run: "/run/x",
		Lock: 3, Device: 4, Table: 5, Worker: 6, Order: 7,
	}
	leave := func(c carried, rehearsing string) (*carried, error) {
		f, err := c.file()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fd, err := unix.Dup(int(f.Fd())) // resume closes it
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(carriedIn, strconv.Itoa(fd))
		t.Setenv(rehearsal, rehearsing)
		return resume()
	}
	if got, err := leave(want, ""); err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("resume = %+v, %v, want %+v", got, err, want)
	}
	if got, err := resume(); got != nil || err != nil {
		t.Errorf("resume without anything left = %+v, %v", got, err)
	}
	if _, err := leave(want, "1"); !errors.Is(err, errRehearsed) {
		t.Errorf("rehearsal = %v, want errRehearsed", err)
	}
	want.Version++
	if _, err := leave(want, "1"); err == nil || errors.Is(err, errRehearsed) {
		t.Errorf("rehearsal with another format = %v, want an error", err)
	}
}

func TestSigset(t *testing.T) {
	if got := sigset(syscall.SIGHUP, syscall.SIGTERM).Val[0]; uint64(got) != 1<<(syscall.SIGHUP-1)|1<<(syscall.SIGTERM-1) {
		t.Errorf("sigset = %#x", got)
	}
}
