package wire

import (
	"errors"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestHold(t *testing.T) {
	pinned := fetch.Location{URL: "u", VersionID: "v", ETag: "e", Size: 1}
	for name, c := range map[string]struct {
		found fetch.Location
		want  error
	}{
		"same":          {pinned, nil},
		"other size":    {fetch.Location{URL: "u", VersionID: "v", ETag: "e", Size: 2}, fetch.ErrOverwritten},
		"other ETag":    {fetch.Location{URL: "u", VersionID: "v", ETag: "f", Size: 1}, fetch.ErrOverwritten},
		"other version": {fetch.Location{URL: "u", VersionID: "w", ETag: "e", Size: 1}, fetch.ErrOverwritten},
		"no version":    {fetch.Location{URL: "u", ETag: "e", Size: 1}, fetch.ErrUnavailable},
	} {
		p := Pin(pinned)
		if err := p.Hold(c.found); !errors.Is(err, c.want) {
			t.Errorf("%s: Hold = %v, want %v", name, err, c.want)
		}
		if p.Location() != pinned {
			t.Errorf("%s: pinned is %+v now", name, p.Location())
		}
	}
}

// TestFirstAnswerWins: of simultaneous first answers with different identities one is taken.
func TestFirstAnswerWins(t *testing.T) {
	p := Pin(fetch.Location{URL: "u", Size: 1})
	errs := make([]error, 8)
	var answers sync.WaitGroup
	for i := range errs {
		answers.Go(func() { errs[i] = p.Hold(fetch.Location{URL: "u", ETag: string(rune('a' + i)), Size: 1}) })
	}
	answers.Wait()
	for i, err := range errs {
		if won := p.Location().ETag == string(rune('a'+i)); won != (err == nil) {
			t.Errorf("Hold of answer %d = %v, but pinned is %+v", i, err, p.Location())
		}
	}
}
