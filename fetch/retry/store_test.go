package retry

import (
	"context"
	"io"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

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
