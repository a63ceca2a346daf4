package publish

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// patient is a published image that something happens to.
type patient struct {
	t     *testing.T
	store fetch.Store
	dir   string
	file  string // the image's bytes
	*record.Record
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	store, dir := newStore(t)
	file := newFile(t, 3*manifest.LeafSize+5, 1)
	return &patient{t, store, dir, file, publish(t, store, request(file)).Record}
}

// damage flips a byte of an object; its identity stays.
func (p *patient) damage(key string) {
	p.t.Helper()
	name := filepath.Join(p.dir, key)
	info, err := os.Stat(name)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		b[len(b)/2] ^= 1
		err = errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, b, 0o644), os.Chtimes(name, info.ModTime(), info.ModTime()))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *patient) remove(key string) {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.dir, key)); err != nil {
		p.t.Fatal(err)
	}
}

// request repairs PE/a from the file that it was published from.
func (p *patient) request() RepairRequest {
	return RepairRequest{Name: p.Name, Pin: p.Pin, From: p.file, Publisher: "mender@here", Open: func(context.Context) (fetch.Source, error) {
		b, err := os.ReadFile(p.file)
		return fetchtest.Memory(b), err
	}}
}

// whole fails unless all of the image can be read by a reference.
func (p *patient) whole(name record.Name, pin fetch.Pin) catalog.Place {
	p.t.Helper()
	place, err := catalog.New(p.store).Resolve(p.t.Context(), name, pin)
	if err != nil {
		p.t.Fatal(err)
	}
	o, err := verify.Open(p.t.Context(), p.store, place.Pin, place.Image, place.Manifest, verify.Config{})
	if err != nil {
		p.t.Fatal(err)
	}
	defer o.Close()
	if err := o.Scan(p.t.Context(), nil); err != nil || place.Pin != p.Pin {
		p.t.Errorf("%s@%s: Scan = %v", name, pin, err)
	}
	return place
}

func TestRepair(t *testing.T) {
	image, tree := record.ImageKey, record.ManifestKey
	for what, c := range map[string]struct {
		do              func(p *patient)
		uploaded        bool
		image, manifest int // number of the copy that is recorded
	}{
		"a damaged image":    {func(p *patient) { p.damage(image(p.Pin)) }, true, 1, 0},
		"no image":           {func(p *patient) { p.remove(image(p.Pin)) }, true, 0, 0},
		"a damaged manifest": {func(p *patient) { p.damage(tree(p.Pin)) }, false, 0, 1},
		"no manifest":        {func(p *patient) { p.remove(tree(p.Pin)) }, false, 0, 0},
		"both damaged":       {func(p *patient) { p.damage(image(p.Pin)); p.damage(tree(p.Pin)) }, true, 1, 1},
		"nothing left":       {func(p *patient) { p.remove(image(p.Pin)); p.remove(tree(p.Pin)) }, true, 0, 0},
		"the same bytes put there again": {func(p *patient) {
			if err := os.Chtimes(filepath.Join(p.dir, image(p.Pin)), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				p.t.Fatal(err)
			}
		}, false, 0, 0},
		"a copy that is damaged, too": {func(p *patient) {
			p.damage(image(p.Pin))
			if _, err := Mend(p.t.Context(), p.store, p.request()); err != nil {
				p.t.Fatal(err)
			}
			p.damage(record.CopyKey(p.Pin, record.ImagePart, 1))
		}, true, 2, 0},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPatient(t)
			c.do(p)
			before := p.content()
			done, err := Mend(t.Context(), p.store, p.request())
			if err != nil {
				t.Fatal(err)
			}
			r := done.Record
			if done.Damage == nil || done.Uploaded != c.uploaded || r == nil || r.Pin != p.Pin || r.Publisher != "mender@here" || r.Replaces != p.Pin {
				t.Errorf("Mend = %+v with record %+v", done, r)
			}
			place := p.whole(p.Name, fetch.Pin{})
			for want, at := range map[string]fetch.Location{
				record.CopyKey(p.Pin, record.ImagePart, c.image): place.Image, record.CopyKey(p.Pin, record.ManifestPart, c.manifest): place.Manifest,
			} {
				if at.URL != p.store.URL()+"/"+want || at.ETag == "" {
					t.Errorf("recorded is %s, want %s", at, want)
				}
			}
			p.whole(p.Name, p.Pin)
			for key, b := range before {
				if now := p.content()[key]; now != b {
					t.Errorf("%s was overwritten", key)
				}
			}
		})
	}
}

// content is all objects of the store.
func (p *patient) content() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	for _, name := range strings.Fields(listing(p.t, p.dir)) {
		b, err := os.ReadFile(name)
		if err != nil {
			p.t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

func TestRepairOfWhatIsWell(t *testing.T) {
	p := newPatient(t)
	before := listing(t, p.dir)
	req := p.request()
	req.Open = func(context.Context) (fetch.Source, error) { return nil, errors.New("nobody needs it") }
	done, err := Mend(t.Context(), p.store, req)
	if err != nil || done.Damage != nil || done.Record != nil || listing(t, p.dir) != before {
		t.Errorf("Mend = %+v, %v, and the store changed: %v", done, err, listing(t, p.dir) != before)
	}
}

func TestRepairFromTheWrongSource(t *testing.T) {
	p := newPatient(t)
	p.damage(record.ImageKey(p.Pin))
	before := listing(t, p.dir)
	req := p.request()
	req.Open = func(context.Context) (fetch.Source, error) { return fetchtest.Memory(fetchtest.Random(1000, 3)), nil }
	if _, err := Mend(t.Context(), p.store, req); !errors.Is(err, fetch.ErrCorrupt) || !strings.Contains(err.Error(), p.Pin.String()) || listing(t, p.dir) != before {
		t.Errorf("Mend = %v, want corrupt and nothing written", err)
	}
}

// TestRepairOfThePast: the name stays where it is, and whoever names the old pin reads the copy.
func TestRepairOfThePast(t *testing.T) {
	p := newPatient(t)
	req := request(newFile(t, 1000, 2))
	req.Expect = p.Pin
	now := publish(t, p.store, req).Record
	for _, damaged := range []func(fetch.Pin) string{record.ImageKey, record.ManifestKey, func(pin fetch.Pin) string { return record.CopyKey(pin, record.ImagePart, 1) }} {
		p.damage(damaged(p.Pin))
		done, err := Mend(t.Context(), p.store, p.request())
		if err != nil || done.Damage == nil || done.Record != nil {
			t.Errorf("Mend = %+v, %v, want it repaired without a record", done, err)
		}
		p.whole(p.Name, p.Pin)
	}
	if r, err := catalog.New(p.store).Current(t.Context(), p.Name); err != nil || r.Revision != now.Revision {
		t.Errorf("the name moved to %+v, %v", r, err)
	}
}

// TestRepairByPinAlone: readers look at one key only; what is damaged there has to go first.
func TestRepairByPinAlone(t *testing.T) {
	p := newPatient(t)
	p.damage(record.ImageKey(p.Pin))
	req := p.request()
	req.Name = ""
	if _, err := Mend(t.Context(), p.store, req); !errors.Is(err, fetch.ErrConflict) || !strings.Contains(err.Error(), record.ImageKey(p.Pin)) {
		t.Errorf("Mend over a damaged image = %v, want a conflict that names it", err)
	}
	p.remove(record.ImageKey(p.Pin))
	if done, err := Mend(t.Context(), p.store, req); err != nil || !done.Uploaded || done.Record != nil {
		t.Errorf("Mend = %+v, %v", done, err)
	}
	p.whole("", p.Pin)
}

// TestRepairUnderTwoNames: the second name is told of the copy that the first one's repair has made.
func TestRepairUnderTwoNames(t *testing.T) {
	p := newPatient(t)
	req := request(p.file)
	req.Name = "PE/b"
	publish(t, p.store, req)
	p.damage(record.ImageKey(p.Pin))
	for i, name := range []record.Name{"PE/a", "PE/b"} {
		req := p.request()
		req.Name = name
		done, err := Mend(t.Context(), p.store, req)
		if err != nil || done.Record == nil || done.Uploaded != (i == 0) {
			t.Errorf("Mend(%s) = %+v, %v, want one upload for both", name, done, err)
		}
		p.whole(name, fetch.Pin{})
	}
}

func TestRepairWhileSomebodyPublishes(t *testing.T) {
	p := newPatient(t)
	p.damage(record.ImageKey(p.Pin))
	req := p.request()
	inner := req.Open
	req.Open = func(ctx context.Context) (fetch.Source, error) { // after it was looked at, before it is claimed
		other := request(newFile(t, 1000, 2))
		other.Expect = p.Pin
		publish(t, p.store, other)
		return inner(ctx)
	}
	done, err := Mend(t.Context(), p.store, req)
	if err != nil || done.Record != nil {
		t.Errorf("Mend = %+v, %v, want a copy for the pin of the past", done, err)
	}
	p.whole(p.Name, p.Pin)
}

func TestRepairIntoABadStore(t *testing.T) {
	p := newPatient(t)
	p.damage(record.ImageKey(p.Pin))
	bad := tampering{p.store, func(key string, b []byte) []byte {
		if filepath.Base(key) == "image-1" {
			b[0] ^= 1
		}
		return b
	}}
	if _, err := Mend(t.Context(), bad, p.request()); !errors.Is(err, fetch.ErrCorrupt) {
		t.Errorf("Mend = %v, want corrupt", err)
	}
	if r, err := catalog.New(p.store).Current(t.Context(), p.Name); err != nil || r.Revision != 1 {
		t.Errorf("recorded was %+v, %v", r, err)
	}
	if _, err := Mend(t.Context(), p.store, p.request()); err != nil {
		t.Error(err)
	}
	p.whole(p.Name, fetch.Pin{})
}

// TestRepairOfAnImageElsewhere: what lies at a key of somebody else's is left to him, the copy is ours.
func TestRepairOfAnImageElsewhere(t *testing.T) {
	p := newPatient(t)
	b, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := p.store.Create(t.Context(), "PE/boot.img", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	p.remove(p.Key())
	p.remove(record.ImageKey(p.Pin))
	elsewhere := fetch.Location{URL: "s3://other/image", ETag: "e", Size: p.Size}
	p.Locations = []fetch.Location{theirs, elsewhere}
	if err := catalog.New(p.store).Add(t.Context(), p.Record); err != nil {
		t.Fatal(err)
	}
	p.damage("PE/boot.img")
	done, err := Mend(t.Context(), p.store, p.request())
	if err != nil || done.Record == nil || !done.Uploaded || done.Image.URL != p.store.URL()+"/"+record.ImageKey(p.Pin) {
		t.Fatalf("Mend = %+v, %v", done, err)
	}
	if at := done.Record.Locations; len(at) != 2 || at[0] != done.Image || at[1] != elsewhere {
		t.Errorf("recorded is %v, want the copy and what lies in another store", at)
	}
	p.whole(p.Name, fetch.Pin{})
}

// TestRepairOfOneOfTwoPlaces: the record goes on to name what is right, and not what is damaged.
func TestRepairOfOneOfTwoPlaces(t *testing.T) {
	for _, damaged := range []int{0, 1} {
		p := newPatient(t)
		b, err := os.ReadFile(p.file)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := p.store.Create(t.Context(), "PE/boot.img", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		p.remove(p.Key())
		p.Locations = append(p.Locations, theirs)
		if err := catalog.New(p.store).Add(t.Context(), p.Record); err != nil {
			t.Fatal(err)
		}
		p.damage([]string{record.ImageKey(p.Pin), "PE/boot.img"}[damaged])
		done, err := Mend(t.Context(), p.store, p.request())
		if err != nil || done.Record == nil || done.Uploaded != (damaged == 0) {
			t.Fatalf("Mend = %+v, %v", done, err)
		}
		want := []fetch.Location{done.Image, theirs}[:2-damaged]
		if !slices.Equal(done.Record.Locations, want) {
			t.Errorf("place %d damaged: recorded is %v, want %v", damaged, done.Record.Locations, want)
		}
		p.whole(p.Name, fetch.Pin{})
	}
}

// TestRepairThatFailsAnywhere: whatever request fails, the name is as it was or repaired, and the next repair
// succeeds.
func TestRepairThatFailsAnywhere(t *testing.T) {
	broken := errors.New("the line is cut")
	for n, done := 0, false; !done; n++ {
		p := newPatient(t)
		p.damage(record.ImageKey(p.Pin))
		calls := 0
		faults := &fetchtest.Faults{Call: func(_ context.Context, method, _ string) error {
			if calls++; calls == n+1 && method != "Remove" { // who removes only tidies up
				return broken
			}
			return nil
		}}
		req := p.request()
		req.Exclusive = true // else the revision of a record whose answer is lost is waited for
		_, err := Mend(t.Context(), faults.Store(p.store), req)
		if err != nil && !errors.Is(err, broken) {
			t.Fatalf("request %d fails: Mend = %v", n, err)
		}
		done = calls <= n
		r, err := catalog.New(p.store).Current(t.Context(), p.Name)
		if err != nil || r.Pin != p.Pin || r.Revision > 2 {
			t.Fatalf("request %d fails: the name is %+v, %v", n, r, err)
		}
		if r.Revision == 2 {
			p.whole(p.Name, fetch.Pin{})
		}
		if _, err := Mend(t.Context(), p.store, p.request()); err != nil {
			t.Errorf("request %d fails: the next Mend = %v", n, err)
		}
		p.whole(p.Name, fetch.Pin{})
		wantTidy(t, p.store)
	}
}
