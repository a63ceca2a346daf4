package retry

import (
	"context"
	"io"
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
