package retry

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// plain is a store that keeps no metadata.
type plain struct {
	fetch.Store
	created int
}

func (p *plain) Create(context.Context, string, io.ReaderAt, int64) (fetch.Location, error) {
	p.created++
	return fetch.Location{Size: 1}, nil
}

// retaining fails once at each.
type retaining struct {
	plain
	asked, told int
}

func (r *retaining) CanRetain(context.Context) error {
	if r.asked++; r.asked == 1 {
		return fetch.ErrUnavailable
	}
	return nil
}

func (r *retaining) Retain(context.Context, fetch.Location, time.Time) error {
	if r.told++; r.told == 1 {
		return fetch.ErrUnavailable
	}
	return nil
}

func (p *plain) URL() string { return "plain://" }

func TestRetain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := new(retaining)
		s := NewStore(next, Config{})
		if err := s.CanRetain(t.Context()); err != nil || next.asked != 2 {
			t.Errorf("CanRetain = %v, asked %d times", err, next.asked)
		}
		if err := s.Retain(t.Context(), fetch.Location{}, time.Now()); err != nil || next.told != 2 {
			t.Errorf("Retain = %v, told %d times", err, next.told)
		}
		other := NewStore(new(plain), Config{})
		if other.CanRetain(t.Context()) == nil || other.Retain(t.Context(), fetch.Location{}, time.Now()) == nil {
			t.Error("a store that can not retain is said to have done so")
		}
	})
}

// annotated fails once.
type annotated struct {
	plain
	failed bool
	said   map[string]string
}

func (a *annotated) Metadata(context.Context, fetch.Location) (map[string]string, error) {
	if !a.failed {
		a.failed = true
		return nil, fetch.ErrUnavailable
	}
	return a.said, nil
}

func (a *annotated) CreateWith(_ context.Context, _ string, _ io.ReaderAt, _ int64, said map[string]string) (fetch.Location, error) {
	a.said = said
	return fetch.Location{Size: 2}, nil
}

func TestMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := map[string]string{"a": "b"}
		for size, next := range map[int64]fetch.Store{1: new(plain), 2: new(annotated)} {
			s := NewStore(next, Config{})
			loc, err := s.CreateWith(t.Context(), "key", strings.NewReader("x"), 1, said)
			if err != nil || loc.Size != size {
				t.Errorf("CreateWith of a %T = %+v, %v", next, loc, err)
			}
			got, err := s.Metadata(t.Context(), loc)
			if _, keeps := next.(fetch.Annotated); err != nil || keeps != maps.Equal(got, said) {
				t.Errorf("Metadata of a %T = %v, %v", next, got, err)
			}
		}
	})
}

// listing fails after every entry that it has not yielded before.
type listing struct {
	fetch.Store
	keys  []string
	told  int // entries told so far
	calls int
}

func (l *listing) List(context.Context, string) iter.Seq2[fetch.Entry, error] {
	l.calls++
	return func(yield func(fetch.Entry, error) bool) {
		for i, key := range l.keys {
			if !yield(fetch.Entry{Key: key}, nil) {
				return
			}
			if i >= l.told {
				l.told++
				yield(fetch.Entry{}, fetch.ErrUnavailable)
				return
			}
		}
	}
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		what   string
		lists  time.Duration
		most   int // that are read
		want   string
		err    error
		called int
	}{
		{"not repeated", 0, 9, "a", fetch.ErrUnavailable, 1},
		{"repeated", time.Minute, 9, "a b c", nil, 4},
		{"left early", time.Minute, 2, "a b", nil, 2},
		{"given up", time.Millisecond, 9, "a", fetch.ErrUnavailable, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			next := &listing{keys: []string{"a", "b", "c"}}
			var got []string
			var err error
			for e, e2 := range NewStore(next, Config{Lists: c.lists}).List(t.Context(), "") {
				if err = e2; err != nil {
					break
				}
				if got = append(got, e.Key); len(got) == c.most {
					break
				}
			}
			if strings.Join(got, " ") != c.want || !errors.Is(err, c.err) || next.calls != c.called {
				t.Errorf("%s: List = %q, %v after %d calls, want %s, %v after %d", c.what, got, err, next.calls, c.want, c.err, c.called)
			}
		})
	}
}
