package prefetch

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

var pin = func() fetch.Pin {
	p, err := fetch.ParsePin("fsverity-sha256:" + strings.Repeat("ab", 32))
	if err != nil {
		panic(err)
	}
	return p
}()

func TestListIsReadAsWritten(t *testing.T) {
	l := NewList(pin, []int64{7, 8, 9, 3, 100, 0, 1})
	var b bytes.Buffer
	if err := l.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := "# pinfs leaves of " + pin.String() + "\n7-9\n3\n100\n0-1\n"
	if b.String() != want {
		t.Errorf("Write = %q, want %q", b.String(), want)
	}
	got, err := ReadList(&b)
	if err != nil || !reflect.DeepEqual(got, l) || got.Leaves() != 7 {
		t.Errorf("ReadList = %+v, %v, want %+v", got, err, l)
	}
}

func TestBadLists(t *testing.T) {
	first := "# pinfs leaves of " + pin.String() + "\n"
	for _, s := range []string{"", "1\n", "# pinfs leaves of x\n", first + "x", first + "-1", first + "5-3", first + "1-", first + "99999999999999", first + "\n"} {
		if l, err := ReadList(strings.NewReader(s)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("ReadList(%q) = %+v, %v, want an error with the line", s, l, err)
		}
	}
}

func FuzzReadList(f *testing.F) {
	f.Add("# pinfs leaves of " + pin.String() + "\n7-9\n3\n")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ReadList(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := l.Write(&b); err != nil {
			t.Fatal(err)
		}
		if again, err := ReadList(&b); err != nil || again.Leaves() != l.Leaves() {
			t.Errorf("written and read again %+v, %v, want %+v", again, err, l)
		}
	})
}

// noted is an image of a thousand leaves that notes what is fetched.
type noted struct {
	mu   sync.Mutex // guards all below
	got  []Run
	busy bool
	err  error
}

func (n *noted) Warm(_ context.Context, index int64, count int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, Run{index, int64(count)})
	return n.err
}

func (n *noted) Busy() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.busy
}

func (n *noted) setBusy(b bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy = b
}

func (n *noted) fetches() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.got)
}

func (*noted) LeafSize() int { return 128 << 10 }
func (*noted) Leaves() int64 { return 1000 }

func TestFillGoesInOrder(t *testing.T) {
	image := new(noted)
	if n := Fill(t.Context(), image, []Run{{5, 2}, {900, 70}, {1, 1}, {999, 10}, {5000, 1}}, Config{}); n != 74 {
		t.Errorf("Fill = %d leaves, want 74", n)
	}
	want := []Run{{5, 2}, {900, 64}, {964, 6}, {1, 1}, {999, 1}}
	if !slices.Equal(image.got, want) {
		t.Errorf("fetched %v, want %v", image.got, want)
	}
}

func TestFillGoesOnAfterFailures(t *testing.T) {
	image := &noted{err: errors.New("no")}
	if n := Fill(t.Context(), image, All(image), Config{Parallel: 4}); n != 0 || len(image.got) != 16 {
		t.Errorf("Fill = %d leaves after %d fetches, want 0 after 16", n, len(image.got))
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		image, start := new(noted), time.Now()
		Fill(t.Context(), image, All(image), Config{Rate: 10 << 20, Parallel: 3})
		if took := time.Since(start); took < 11*time.Second || took > 13*time.Second {
			t.Errorf("125 MiB at 10 MiB a second took %v", took)
		}
	})
}

func TestYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		image := new(noted)
		image.setBusy(true)
		var fill sync.WaitGroup
		fill.Go(func() { Fill(t.Context(), image, All(image), Config{Yield: true}) })
		time.Sleep(time.Hour)
		if n := image.fetches(); n != 0 {
			t.Errorf("%d fetches while somebody waits", n)
		}
		image.setBusy(false)
		fill.Wait()
		if n := image.fetches(); n != 16 {
			t.Errorf("%d fetches afterwards, want all 16", n)
		}
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		image := new(noted)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if n := Fill(ctx, image, All(image), Config{Rate: 10 << 20}); n == 0 || n == 1000 {
			t.Errorf("Fill = %d leaves, want a part", n)
		}
	})
}
