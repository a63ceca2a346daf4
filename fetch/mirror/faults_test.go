package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// The fault matrix: what a read gives through all that stands between a server and a reader, for each
// thing that goes wrong, from one source and from two of which the second is well.

const (
	deadline = time.Minute            // of each read; the machine may be busy, and nothing here waits for it
	brief    = 200 * time.Millisecond // Total where nothing heals
	stall    = 400 * time.Millisecond // of a source that falls silent
)

// none stands for an error that has no verdict.
const none fetch.Verdict = "none"

// fault is a row of the matrix.
type fault struct {
	name  string
	on    func(s *site) (repair func()) // repair is nil if that is not possible
	setup setup
	want  fetch.Verdict // of a read from this source alone; "" if it gets the right bytes
	words string        // that the message has
}

// pinned is an image and its manifest.
type pinned struct {
	bytes []byte
	tree  *manifest.Built
}

func newPinned(t *testing.T) pinned {
	t.Helper()
	p := pinned{bytes: fetchtest.Random(5*manifest.LeafSize/2, 1)}
	var err error
	if p.tree, err = manifest.Build(t.Context(), bytes.NewReader(p.bytes), manifest.BuildConfig{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// reader is the image as the product reads it.
type reader struct {
	*verify.Object
	image []byte

	mu   sync.Mutex
	told []error // what Failed was told, guarded by mu
}

// open reads the image from sites.
func (p pinned) open(t *testing.T, total time.Duration, sites ...*site) *reader {
	t.Helper()
	head, err := verify.NewHead(p.tree.Pin(), bytes.Clone(p.tree.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var sources []mirror.Source
	for _, s := range sites {
		blocks, err := verify.OpenRemote(head.Manifest, s.store, s.at, fetch.Location{})
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, mirror.Source{At: s.at, Blocks: blocks, ImageOnly: true})
	}
	r := &reader{image: p.bytes}
	m := mirror.New(sources, mirror.Config{Rounds: retry.Config{Total: total}, Failed: r.failed})
	r.Object = head.Object(sources[0].At, m, verify.Config{})
	t.Cleanup(m.Close)
	t.Cleanup(r.Object.Close)
	return r
}

func (r *reader) failed(_ fetch.Location, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, err)
}

// read reads all of the image, within the deadline.
func (r *reader) read(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	p := make([]byte, len(r.image))
	err := r.ReadAt(ctx, p, 0)
	if ctx.Err() != nil {
		t.Errorf("ReadAt = %v, and only because its deadline of %s had come", err, deadline)
	}
	if err == nil && !bytes.Equal(p, r.image) {
		t.Error("ReadAt gave other bytes")
	}
	return err
}

// wantRight fails unless a read gives the image.
func (r *reader) wantRight(t *testing.T, when string) {
	t.Helper()
	if err := r.read(t); err != nil {
		t.Errorf("ReadAt %s = %v, want the image", when, err)
	}
}

// wantError fails unless err is one line with the verdict and the words.
func wantError(t *testing.T, err error, want fetch.Verdict, words string) {
	t.Helper()
	got := fetch.VerdictOf(err)
	if err != nil && got == "" {
		got = none
	}
	if err == nil || got != want {
		t.Errorf("error %v has verdict %q, want %q", err, got, want)
		return
	}
	text := err.Error()
	if !strings.Contains(text, words) || strings.ContainsAny(text, "\n<") {
		t.Errorf("error %q, want one line with %q", text, words)
	}
	if strings.Count(text, string(want)) != 1 || !strings.Contains(text, key) || strings.Contains(text, `Get "`) {
		t.Errorf("error %q, want the verdict once, the object and no request", text)
	}
	t.Log(err)
}

// run is one cell with one source and one with two, for one kind of store.
func (f fault) run(t *testing.T, k kind, p pinned) {
	t.Run("Alone", func(t *testing.T) {
		noLeaks(t)
		s := k.newSite(t, p, f.setup)
		repair := f.on(s)
		total := brief
		if f.want == "" {
			total = deadline / 2
		}
		r := p.open(t, total, s)
		if err := r.read(t); f.want != "" {
			wantError(t, err, f.want, f.words)
		} else if err != nil {
			t.Errorf("ReadAt = %v, want the image in the end", err)
		}
		if repair != nil {
			repair()
			r.wantRight(t, "after the fault")
		}
	})
	t.Run("WithAnother", func(t *testing.T) {
		noLeaks(t)
		s, well := k.newSite(t, p, f.setup), k.newSite(t, p, setup{})
		f.on(s)
		r := p.open(t, brief, s, well)
		r.wantRight(t, "from the other source")
		if f.want == "" {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.told) == 0 {
			t.Error("nobody was told of the source that failed")
		}
		for _, err := range r.told {
			wantError(t, err, f.want, f.words)
		}
	})
}

// noLeaks fails the test if it leaves a goroutine behind, everything that it cleans up being gone.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
}

// runAll runs the matrix of some faults.
func runAll(t *testing.T, kinds []kind, faults []fault) {
	p := newPinned(t)
	for _, k := range kinds {
		for _, f := range faults {
			t.Run(k.name+"/"+f.name, func(t *testing.T) { f.run(t, k, p) })
		}
	}
}

// TestDeadlineOfTheReader has the deadline come before the source is given up, or asked again: the
// error is there in time and says what the matter is.
func TestDeadlineOfTheReader(t *testing.T) {
	p := newPinned(t)
	for _, k := range kinds {
		for _, f := range silences {
			t.Run(k.name+"/"+f.name, func(t *testing.T) {
				noLeaks(t)
				f.setup.stall = time.Hour
				s := k.newSite(t, p, f.setup)
				f.on(s)
				r := p.open(t, time.Hour, s)
				ctx, cancel := context.WithTimeout(t.Context(), stall)
				defer cancel()
				err := r.ReadAt(ctx, make([]byte, 10), 0)
				if !errors.Is(err, fetch.ErrUnavailable) && (ctx.Err() == nil || !errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("ReadAt = %v, want unavailable, or the deadline itself", err)
				}
				t.Log(err)
			})
		}
	}
}
