package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/record"
)

func newStore(t *testing.T) (*file.Store, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store, dir
}

// entry is a valid record of name at revision with a pin made of one digit.
func entry(store fetch.Store, name record.Name, revision int, digit string) *record.Record {
	pin, err := fetch.ParsePinHex(strings.Repeat(digit, 64))
	if err != nil {
		panic(err)
	}
	at := func(key string, size int64) fetch.Location {
		return fetch.Location{URL: store.URL() + "/" + key, ETag: "e", Size: size}
	}
	var before fetch.Pin
	if revision > 1 {
		before = fetch.Pin{1}
	}
	return &record.Record{
		Replaces: before, Follows: revision - 1,
		Name: name, Revision: revision, Pin: pin, Size: 5, SHA256: strings.Repeat("0", 64), MD5: strings.Repeat("0", 32),
		MediaType: "application/octet-stream", Class: record.Release, Created: time.Unix(1, 0).UTC(), Publisher: "test@here",
		Manifest: at(record.ManifestKey(pin), 256), Locations: []fetch.Location{at(record.ImageKey(pin), 5)},
	}
}

func add(t *testing.T, c *Catalog, entries ...*record.Record) {
	t.Helper()
	for _, r := range entries {
		if err := c.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCurrentIsTheHighestRevision(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	for i := 1; i <= 11; i++ {
		add(t, c, entry(store, "PE/a", i, fmt.Sprintf("%x", i)))
	}
	add(t, c, entry(store, "PE/a/below", 12, "c"), entry(store, "PE/ab", 13, "d"))
	r, err := c.Current(t.Context(), "PE/a")
	if err != nil || r.Revision != 11 || r.Pin.Hex()[0] != 'b' {
		t.Errorf("Current = %+v, %v, want revision 11", r, err)
	}
	revisions, err := c.Revisions(t.Context(), "PE/a")
	if err != nil || !slices.Equal(revisions, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("Revisions = %v, %v", revisions, err)
	}
}

func TestMissingName(t *testing.T) {
	store, _ := newStore(t)
	_, err := New(store).Current(t.Context(), "nothing")
	if !errors.Is(err, fetch.ErrNotFound) || !strings.Contains(err.Error(), "pinfs ls "+store.URL()) {
		t.Errorf("Current = %v, want not found and what to do", err)
	}
}

func TestAddIsOnce(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	add(t, c, entry(store, "a", 1, "a"))
	if err := c.Add(t.Context(), entry(store, "a", 1, "b")); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("second Add = %v, want conflict", err)
	}
	if r, err := c.Current(t.Context(), "a"); err != nil || r.Pin.Hex()[0] != 'a' {
		t.Errorf("Current = %v, %v, want the first record", r, err)
	}
}

func TestDamagedRecord(t *testing.T) {
	store, dir := newStore(t)
	c := New(store)
	add(t, c, entry(store, "a", 1, "a"), entry(store, "b", 1, "b"))
	key := filepath.Join(dir, record.RecordKey("a", 1))
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte(`{"schema":`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Current(t.Context(), "a"); !errors.Is(err, fetch.ErrMalformed) {
		t.Errorf("Current = %v, want malformed", err)
	}
	records, err := c.Names(t.Context(), "")
	if !errors.Is(err, fetch.ErrMalformed) || len(records) != 1 || records[0].Name != "b" {
		t.Errorf("Names = %d records, %v, want the other name, and malformed: a list is not silently short", len(records), err)
	}
}

// TestDisputed: a name whose newest revision did not know of the one before is nobody's, until the next
// one does.
func TestDisputed(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	follows := func(revision, before int, digit string) *record.Record {
		r := entry(store, "a", revision, digit)
		r.Follows = before
		return r
	}
	late := follows(3, 1, "3")
	add(t, c, entry(store, "a", 1, "1"), follows(2, 1, "2"), late, entry(store, "b", 1, "b"))
	var disputed *DisputedError
	if _, err := c.Current(t.Context(), "a"); !errors.As(err, &disputed) || !errors.Is(err, fetch.ErrConflict) || disputed.Other != 2 {
		t.Errorf("Current = %v, want that revisions 2 and 3 are in dispute", err)
	}
	if records, err := c.Names(t.Context(), ""); !errors.Is(err, fetch.ErrConflict) || len(records) != 1 || records[0].Name != "b" {
		t.Errorf("Names = %d records, %v, want the other name, and the dispute", len(records), err)
	}
	if p, err := c.Resolve(t.Context(), "a", late.Pin); err != nil || p.Revision != 3 {
		t.Errorf("Resolve of the pin = %+v, %v, want revision 3", p, err)
	}
	add(t, c, follows(5, 3, "5"))
	if r, err := c.Current(t.Context(), "a"); err != nil || r.Revision != 5 {
		t.Errorf("Current = %+v, %v, want revision 5, which settles it", r, err)
	}
}

func TestDamagedNewerRecord(t *testing.T) {
	store, dir := newStore(t)
	c := New(store)
	good, other := entry(store, "a", 1, "1"), entry(store, "a", 3, "3")
	add(t, c, good)
	if err := os.WriteFile(filepath.Join(dir, record.RecordKey("a", 2)), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := c.Resolve(t.Context(), "a", good.Pin); err != nil || p.Revision != 1 {
		t.Errorf("Resolve of the pin = %+v, %v, want revision 1", p, err)
	}
	if _, err := c.Resolve(t.Context(), "a", other.Pin); !errors.Is(err, fetch.ErrMalformed) {
		t.Errorf("Resolve of another pin = %v, want malformed: the damaged one may have it", err)
	}
}

func TestNames(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	add(t, c, entry(store, "PE/b", 1, "1"), entry(store, "PE/a", 1, "2"), entry(store, "PE/a", 2, "3"), entry(store, "other", 1, "4"))
	for _, want := range []struct {
		prefix record.Name
		names  string
	}{{"", "PE/a@2 PE/b@1 other@1"}, {"PE", "PE/a@2 PE/b@1"}, {"PE/a", "PE/a@2"}, {"P", ""}} {
		records, err := c.Names(t.Context(), want.prefix)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			got = append(got, fmt.Sprintf("%s@%d", r.Name, r.Revision))
		}
		if strings.Join(got, " ") != want.names {
			t.Errorf("Names(%q) = %v, want %s", want.prefix, got, want.names)
		}
	}
}

func TestResolve(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	old, current, never := entry(store, "a", 1, "1"), entry(store, "a", 2, "2"), entry(store, "a", 3, "3")
	add(t, c, old, current)
	for _, q := range []struct {
		name     record.Name
		pin      fetch.Pin
		revision int
		err      error
	}{
		{"a", fetch.Pin{}, 2, nil},
		{"a", current.Pin, 2, nil},
		{"a", old.Pin, 1, nil},
		{"a", never.Pin, 0, fetch.ErrConflict},
		{"b", old.Pin, 0, fetch.ErrNotFound},
	} {
		p, err := c.Resolve(t.Context(), q.name, q.pin)
		if !errors.Is(err, q.err) || p.Revision != q.revision {
			t.Errorf("Resolve(%s, %s) = revision %d, %v, want %d, %v", q.name, q.pin, p.Revision, err, q.revision, q.err)
		}
		if q.err == nil && p.Image.ETag != "e" {
			t.Errorf("Resolve(%s, %s) lost the recorded identity: %+v", q.name, q.pin, p.Image)
		}
	}
}

func TestResolveByPinAlone(t *testing.T) {
	store, _ := newStore(t)
	pin := entry(store, "a", 1, "7").Pin
	p, err := New(store).Resolve(t.Context(), "", pin)
	want := fetch.Location{URL: store.URL() + "/" + record.ImageKey(pin)}
	if err != nil || p.Image != want {
		t.Errorf("Resolve = %+v, %v, want the content-addressed key without an identity", p, err)
	}
}

func TestRecordCopiedFromAnotherStore(t *testing.T) {
	store, _ := newStore(t)
	other, _ := newStore(t)
	c := New(store)
	add(t, c, entry(other, "a", 1, "9"))
	p, err := c.Resolve(t.Context(), "a", fetch.Pin{})
	want := fetch.Location{URL: store.URL() + "/" + record.ImageKey(p.Pin)}
	if err != nil || p.Image != want || p.Revision != 1 {
		t.Errorf("Resolve = %+v, %v, want the image in this store", p, err)
	}
}

// TestCopiesServeThePast: no record can tell of a repair of what is not current, so a listing does.
func TestCopiesServeThePast(t *testing.T) {
	store, _ := newStore(t)
	c := New(store)
	old, now := entry(store, "a", 1, "1"), entry(store, "a", 2, "2")
	add(t, c, old, now)
	for _, key := range []string{record.CopyKey(old.Pin, record.ImagePart, 9), record.CopyKey(old.Pin, record.ImagePart, 10), record.CopyKey(now.Pin, record.ImagePart, 1)} {
		if _, err := store.Create(t.Context(), key, strings.NewReader("bytes"), 5); err != nil {
			t.Fatal(err)
		}
	}
	p, err := c.Resolve(t.Context(), "a", old.Pin)
	if err != nil || p.Image.URL != store.URL()+"/"+record.CopyKey(old.Pin, record.ImagePart, 10) || p.Manifest != old.Manifest {
		t.Errorf("Resolve(a@old) = %+v, %v, want the newest copy of the image and the manifest of the record", p, err)
	}
	if len(p.Others) != 1 || p.Others[0] != old.Locations[0] {
		t.Errorf("Resolve(a@old) has other places %v, want the recorded one", p.Others)
	}
	if p, err = c.Resolve(t.Context(), "a", now.Pin); err != nil || p.Image != now.Locations[0] {
		t.Errorf("Resolve(a@now) = %+v, %v, want what its record says", p, err)
	}
}
