package publish

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// found puts n bytes where another tool would have, at PE/x of the store in dir.
func found(t *testing.T, dir string, n int, seed uint64) (content []byte, sum string) {
	t.Helper()
	content = fetchtest.Random(n, seed)
	name := filepath.Join(dir, "PE/x")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".new", content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
	digest := md5.Sum(content)
	return content, hex.EncodeToString(digest[:])
}

func adoption() Adoption {
	return Adoption{Request: Request{Name: "PE/a", Publisher: "test@here"}, Object: "PE/x"}
}

func adopt(t *testing.T, store fetch.Store, a Adoption) *Result {
	t.Helper()
	r, err := Adopt(t.Context(), store, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantReadable reads all that the name stands for.
func wantReadable(t *testing.T, store fetch.Store, r *record.Record) {
	t.Helper()
	place, err := catalog.New(store).Resolve(t.Context(), r.Name, fetch.Pin{})
	if err != nil || place.Pin != r.Pin {
		t.Fatalf("Resolve(%s) = %+v, %v, want %s", r.Name, place, err, r.Pin)
	}
	o, err := verify.Open(t.Context(), store, place.Pin, place.Image, place.Manifest, verify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := errors.Join(o.Scan(t.Context(), nil), o.ScanTree(t.Context())); err != nil {
		t.Errorf("%s can not be read: %v", place.Image, err)
	}
}

func TestAdopt(t *testing.T) {
	store, dir := newStore(t)
	_, sum := found(t, dir, 9<<20+5, 1)
	r := adopt(t, store, adoption())
	at, err := store.Stat(t.Context(), "PE/x")
	if err != nil {
		t.Fatal(err)
	}
	if !r.Added || r.Uploaded || r.Record.MD5 != sum || !slices.Equal(r.Record.Locations, []fetch.Location{at}) {
		t.Errorf("Adopt = %+v, %+v, want a record of %+v", r, r.Record, at)
	}
	wantReadable(t, store, r.Record)
	before := listing(t, dir)
	if strings.Contains(before, "/image\n") || strings.Count(before, "/manifest\n") != 1 {
		t.Errorf("after an adoption the store has\n%s", before)
	}
	if again := adopt(t, store, adoption()); again.Added || again.Record.Revision != 1 {
		t.Errorf("adopted again: %+v", again)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("adopted again, the store changed from\n%s\nto\n%s", before, after)
	}
}

func TestAdoptRefuses(t *testing.T) {
	store, dir := newStore(t)
	found(t, dir, 0, 1)
	for key, want := range map[string]fetch.Verdict{"PE/x": fetch.ErrConflict, "PE/y": fetch.ErrNotFound, "PE": fetch.ErrNotFound, ".pinfs/images/x": "", "": ""} {
		a := adoption()
		a.Object = key
		if _, err := Adopt(t.Context(), store, a); err == nil || fetch.VerdictOf(err) != want {
			t.Errorf("Adopt(%q) = %v, want %q", key, err, want)
		}
	}
	if got := listing(t, dir); strings.Contains(got, ".pinfs") {
		t.Errorf("the store has\n%s", got)
	}
}

// TestAdoptWhatChanges: an object that is overwritten at any time before the record exists gets none.
func TestAdoptWhatChanges(t *testing.T) {
	const size = 2*manifest.LeafSize + 1
	for when, arrange := range map[string]func(a *Adoption, s *spying, overwrite func()){
		"before it is read": func(a *Adoption, _ *spying, overwrite func()) {
			a.Check = func(context.Context, fetch.Source) error { overwrite(); return nil }
		},
		"after it was read": func(a *Adoption, _ *spying, overwrite func()) {
			a.Progress = func(Phase, int64, int64) { overwrite() }
		},
		"before the record": func(_ *Adoption, s *spying, overwrite func()) {
			s.onCreate = func(key string) {
				if filepath.Base(key) == "manifest" {
					overwrite()
				}
			}
		},
	} {
		store, dir := newStore(t)
		found(t, dir, size, 1)
		spy := &spying{Store: store}
		a := adoption()
		arrange(&a, spy, sync.OnceFunc(func() { found(t, dir, size, 2) }))
		_, err := Adopt(t.Context(), spy, a)
		if !errors.Is(err, fetch.ErrOverwritten) || !strings.Contains(err.Error(), "when nobody writes there") {
			t.Errorf("overwritten %s: Adopt = %v, want overwritten", when, err)
		}
		if got := listing(t, dir); strings.Contains(got, "/names/") || strings.Contains(got, "/uploads/") {
			t.Errorf("overwritten %s: the store has\n%s", when, got)
		}
	}
}

// spying is a store that is watched, and has words beside its objects.
type spying struct {
	fetch.Store
	onCreate func(key string) // before
	created  func(key string) // after
	said     map[string]string
}

func (s *spying) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if s.onCreate != nil {
		s.onCreate(key)
	}
	loc, err := s.Store.Create(ctx, key, body, size)
	if s.created != nil {
		s.created(key)
	}
	return loc, err
}

func (s *spying) CreateWith(ctx context.Context, key string, body io.ReaderAt, size int64, said map[string]string) (fetch.Location, error) {
	s.said = said
	return s.Create(ctx, key, body, size)
}

func (s *spying) Metadata(context.Context, fetch.Location) (map[string]string, error) {
	return s.said, nil
}

func TestAdoptIsCompared(t *testing.T) {
	store, dir := newStore(t)
	_, sum := found(t, dir, 1000, 1)
	other := strings.Repeat("0a", 16)
	for _, c := range []struct {
		what    string
		said    string
		claim   Claim
		want    fetch.Verdict
		agreed  int
		notices int
	}{
		{"nobody says anything", "", Claim{}, "", 0, 0},
		{"right metadata", strings.ToUpper(sum), Claim{}, "", 1, 0},
		{"wrong metadata", other, Claim{}, fetch.ErrCorrupt, 0, 0},
		{"useless metadata", "yes", Claim{}, "", 0, 1},
		{"all right", sum, Claim{"IMS", sum, ""}, "", 2, 0},
		{"a wrong claim", sum, Claim{"IMS", other, ""}, fetch.ErrCorrupt, 0, 0},
		{"another ETag", "", Claim{"IMS", sum, "etag"}, "", 1, 1},
	} {
		spy := &spying{Store: store}
		if c.said != "" {
			spy.said = map[string]string{"md5sum": c.said}
		}
		a := adoption()
		a.Name = record.Name(c.what)
		if c.claim.By != "" {
			a.Claims = []Claim{c.claim}
		}
		notices := 0
		a.Notice = func(string) { notices++ }
		r, err := Adopt(t.Context(), spy, a)
		if fetch.VerdictOf(err) != c.want || (err == nil) != (c.want == "") || notices != c.notices {
			t.Errorf("%s: Adopt = %v and %d notices, want %q and %d", c.what, err, notices, c.want, c.notices)
		}
		if err == nil && len(r.Agreed) != c.agreed {
			t.Errorf("%s: agreed %q, want %d", c.what, r.Agreed, c.agreed)
		}
		if _, err := os.Stat(filepath.Join(dir, record.NamePrefix(a.Name))); (err == nil) != (c.want == "") {
			t.Errorf("%s: a record: %v", c.what, err)
		}
	}
}

// TestETagIsNoProof: one that looks like an MD5 may be something else.
func TestETagIsNoProof(t *testing.T) {
	sum, other := strings.Repeat("0a", 16), strings.Repeat("0b", 16)
	for etag, want := range map[string][2]int{sum: {1, 0}, other: {0, 1}, other + "-2": {0, 0}, "7-1": {0, 0}} {
		notices := 0
		o := object{at: fetch.Location{ETag: etag}}
		agreed, err := o.compare(nil, sum, func(string) { notices++ })
		if got := [2]int{len(agreed), notices}; err != nil || got != want {
			t.Errorf("compare with ETag %s = %d agreed and notices, %v, want %d", etag, got, err, want)
		}
	}
}

func TestAdoptCheckFails(t *testing.T) {
	store, dir := newStore(t)
	content, _ := found(t, dir, 1000, 1)
	a := adoption()
	a.Check = func(ctx context.Context, object fetch.Source) error {
		fetchtest.TestSource(t, object, content)
		return fetch.ErrMalformed
	}
	if _, err := Adopt(t.Context(), store, a); !errors.Is(err, fetch.ErrMalformed) {
		t.Errorf("Adopt = %v, want what the check says", err)
	}
}

// TestAdoptAndPublish: both are ways to the same name, under the same rules.
func TestAdoptAndPublish(t *testing.T) {
	store, dir := newStore(t)
	content, _ := found(t, dir, 3*manifest.LeafSize, 1)
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	published := publish(t, store, request(file)).Record
	both := adopt(t, store, adoption()).Record
	if both.Revision != 2 || both.Pin != published.Pin || len(both.Locations) != 2 || both.Locations[0] != published.Locations[0] {
		t.Errorf("adopted what is published: %+v, want a revision with both places", both)
	}
	if r := publish(t, store, request(file)); r.Added {
		t.Errorf("published again: %+v, want nothing added", r.Record)
	}

	found(t, dir, 3*manifest.LeafSize, 1) // the same bytes, another object
	again := adopt(t, store, adoption()).Record
	if again.Revision != 3 || len(again.Locations) != 2 || again.Locations[1] == both.Locations[1] {
		t.Errorf("adopted after it was uploaded again: %+v, want a new second place", again)
	}

	found(t, dir, 3*manifest.LeafSize, 2)
	a := adoption()
	if _, err := Adopt(t.Context(), store, a); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Adopt of other bytes = %v, want conflict", err)
	}
	a.Expect = published.Pin
	moved := adopt(t, store, a).Record
	if moved.Revision != 4 || moved.Replaces != published.Pin || len(moved.Locations) != 1 {
		t.Errorf("moved: %+v", moved)
	}
	wantReadable(t, store, moved)

	if err := os.Remove(filepath.Join(dir, "PE/x")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, fetchtest.Random(3*manifest.LeafSize, 2), 0o644); err != nil {
		t.Fatal(err)
	}
	restored := publish(t, store, request(file))
	if !restored.Uploaded || restored.Record.Pin != moved.Pin {
		t.Errorf("published what was adopted and is gone: %+v, want it uploaded", restored)
	}
	wantReadable(t, store, restored.Record)
}

func TestConcurrentAdoptions(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, dir string, exclusive bool) {
		found(t, dir, 1000, 1)
		var all sync.WaitGroup
		results, errs := make([]*Result, 8), make([]error, 8)
		for i := range results {
			all.Go(func() {
				a := adoption()
				a.Exclusive = exclusive
				results[i], errs[i] = Adopt(t.Context(), store, a)
			})
		}
		all.Wait()
		added := 0
		for i, r := range results {
			if errs[i] != nil {
				t.Errorf("Adopt = %v", errs[i])
			} else if r.Added {
				added++
			}
		}
		if added != 1 {
			t.Errorf("%d of 8 adoptions have added a revision, want 1", added)
		}
		wantTidy(t, store)
	})
}
