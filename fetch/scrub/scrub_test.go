package scrub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/scrub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a store with images.
type site struct {
	t   *testing.T
	dir string
	fetch.Store
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &site{t, dir, store}
}

// publish gives name an image of n pseudo-random bytes.
func (s *site) publish(name record.Name, n int, seed uint64) *record.Record {
	s.t.Helper()
	image := filepath.Join(s.t.TempDir(), "image")
	if err := os.WriteFile(image, fetchtest.Random(n, seed), 0o644); err != nil {
		s.t.Fatal(err)
	}
	req := publish.Request{File: image, Name: name, Publisher: "test@here", Exclusive: true}
	if now, err := publish.Publish(s.t.Context(), s.Store, req); err == nil {
		return now.Record
	} else if _, old, ok := strings.Cut(err.Error(), "--expect "); ok {
		req.Expect, _ = fetch.ParsePin(old) // what was printed is one
	}
	now, err := publish.Publish(s.t.Context(), s.Store, req)
	if err != nil {
		s.t.Fatal(err)
	}
	return now.Record
}

// edit changes an object behind the store's back; its identity stays if keep is set.
func (s *site) edit(key string, keep bool, change func(b []byte) []byte) {
	s.t.Helper()
	name := filepath.Join(s.dir, key)
	info, err := os.Stat(name)
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		err = errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, change(b), 0o644))
	}
	at := time.Unix(1, 0)
	if keep {
		at = info.ModTime()
	}
	if err = errors.Join(err, os.Chtimes(name, at, at)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) remove(key string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, key)); err != nil {
		s.t.Fatal(err)
	}
}

// scrub returns all findings that are not OK, and the summary.
func (s *site) scrub(cfg scrub.Config) (found []scrub.Finding, sum scrub.Summary) {
	s.t.Helper()
	cfg.Found = func(f scrub.Finding) error {
		if f.Verdict != scrub.OK {
			found = append(found, f)
		}
		return nil
	}
	sum, err := scrub.Run(s.t.Context(), s.Store, cfg)
	if err != nil || !sum.Complete {
		s.t.Fatalf("Run = %+v, %v", sum, err)
	}
	return found, sum
}

func flip(at ...int) func([]byte) []byte {
	return func(b []byte) []byte {
		for _, i := range at {
			b[i] ^= 1
		}
		return b
	}
}

func same(b []byte) []byte { return b }

const leaf = manifest.LeafSize

func TestAllWell(t *testing.T) {
	s := newSite(t)
	s.publish("PE/a", 3*leaf+5, 1)
	s.publish("PE/a", 2*leaf, 2)
	s.publish("PE/b", 100, 3)
	s.publish("c", leaf, 4)
	found, sum := s.scrub(scrub.Config{})
	if len(found) > 0 || sum.Worst() != "" || sum.Names != 3 || sum.Revisions != 4 || sum.Images != 4 || sum.Bytes != 6*leaf+105 {
		t.Errorf("%+v, %+v", found, sum)
	}
	if _, sum := s.scrub(scrub.Config{Prefix: "PE/b"}); sum.Names != 1 || sum.Images != 1 || sum.Bytes != 100 {
		t.Errorf("scrub of PE/b: %+v", sum)
	}
	if _, err := scrub.Run(t.Context(), s.Store, scrub.Config{Prefix: "PE/none"}); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("scrub of a name that is not there = %v", err)
	}
}

// TestDamage: each kind of damage to one of two images is found, and the other one is well.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		what    string
		do      func(s *site, r *record.Record)
		want    fetch.Verdict
		object  string // last part of the key
		corrupt []int64
		words   string
	}{
		{"flipped bits", func(s *site, r *record.Record) { s.edit(record.ImageKey(r.Pin), true, flip(5, 6, 2*leaf)) }, fetch.ErrCorrupt, "/image", []int64{0, 2}, "2 of 4 leaves"},
		{"a truncated image", func(s *site, r *record.Record) {
			s.edit(record.ImageKey(r.Pin), true, func(b []byte) []byte { return b[:leaf] })
		}, fetch.ErrOverwritten, "/image", nil, "size 131072"},
		{"other bytes", func(s *site, r *record.Record) { s.edit(record.ImageKey(r.Pin), false, flip(1)) }, fetch.ErrOverwritten, "/image", nil, ""},
		{"no image", func(s *site, r *record.Record) { s.remove(record.ImageKey(r.Pin)) }, fetch.ErrNotFound, "/image", nil, ""},
		{"a damaged descriptor", func(s *site, r *record.Record) { s.edit(record.ManifestKey(r.Pin), true, flip(20)) }, fetch.ErrCorrupt, "/manifest", nil, "the image is right"},
		{"a damaged tree", func(s *site, r *record.Record) { s.edit(record.ManifestKey(r.Pin), true, flip(300)) }, fetch.ErrCorrupt, "/manifest", nil, "the image is right"},
		{"no manifest", func(s *site, r *record.Record) { s.remove(record.ManifestKey(r.Pin)) }, fetch.ErrNotFound, "/manifest", nil, "the image is right"},
		{"neither", func(s *site, r *record.Record) { s.remove(record.ManifestKey(r.Pin)); s.remove(record.ImageKey(r.Pin)) }, fetch.ErrNotFound, "/image", nil, "neither image nor"},
		{"both damaged", func(s *site, r *record.Record) {
			s.edit(record.ManifestKey(r.Pin), true, flip(20))
			s.edit(record.ImageKey(r.Pin), true, flip(20))
		}, fetch.ErrCorrupt, "/manifest", nil, "image: "},
		{"a damaged record", func(s *site, r *record.Record) { s.edit(r.Key(), true, flip(0)) }, fetch.ErrMalformed, ".json", nil, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newSite(t)
			r := s.publish("PE/a", 3*leaf+5, 1)
			s.publish("PE/b", leaf, 2)
			c.do(s, r)
			found, sum := s.scrub(scrub.Config{})
			found = slices.DeleteFunc(found, func(f scrub.Finding) bool { return f.Verdict == scrub.Orphan })
			if len(found) != 1 || sum.Worst() != c.want || sum.Verdicts[scrub.OK] == 0 {
				t.Fatalf("%+v, %+v, want one finding %q", found, sum, c.want)
			}
			f := found[0]
			if f.Verdict != scrub.Verdict(c.want) || !strings.HasSuffix(f.Object, c.object) || !slices.Equal(f.First, c.corrupt) ||
				f.Corrupt != int64(len(c.corrupt)) || !strings.Contains(f.Message, c.words) || f.Same || !slices.Equal(f.Named, []scrub.Revision{{Name: "PE/a", Revision: 1}}) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestSameBytesUploadedAgain(t *testing.T) {
	for _, key := range []func(fetch.Pin) string{record.ImageKey, record.ManifestKey} {
		s := newSite(t)
		r := s.publish("PE/a", 3*leaf, 1)
		s.edit(key(r.Pin), false, same)
		found, sum := s.scrub(scrub.Config{})
		if len(found) != 1 || !found[0].Same || sum.Worst() != fetch.ErrOverwritten || sum.Images != 1 {
			t.Errorf("%+v, %+v, want overwritten by the same bytes", found, sum)
		}
	}
}

func TestOrphansAndForeignKeys(t *testing.T) {
	s := newSite(t)
	s.publish("PE/a", leaf, 1)
	lonely, half, broken := s.publish("PE/b", leaf, 2), s.publish("PE/c", leaf, 3), s.publish("PE/d", leaf, 4)
	for _, r := range []*record.Record{lonely, half, broken} {
		s.remove(r.Key())
	}
	s.remove(record.ImageKey(half.Pin))
	if err := os.WriteFile(filepath.Join(s.dir, ".pinfs", "images", "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	found, sum := s.scrub(scrub.Config{})
	if sum.Verdicts[scrub.Orphan] != 3 || sum.Verdicts[scrub.Foreign] != 1 || len(found) != 4 || sum.Worst() != "" {
		t.Errorf("%+v, %+v, want three orphans and a foreign key and nothing wrong", found, sum)
	}
	s.edit(record.ImageKey(broken.Pin), true, flip(3))
	if _, sum = s.scrub(scrub.Config{}); sum.Worst() != fetch.ErrCorrupt {
		t.Errorf("%+v, want the damage of an orphan told: it is in the way of its pin", sum)
	}
	if _, sum = s.scrub(scrub.Config{Prefix: "PE"}); sum.Worst() != "" || sum.Verdicts[scrub.Orphan] != 0 {
		t.Errorf("%+v, want no orphans looked for", sum)
	}
}

func TestDisputedName(t *testing.T) {
	s := newSite(t)
	r := s.publish("PE/a", leaf, 1)
	for _, other := range []int{2, 3} { // both follow the first one
		again := *r
		again.Revision, again.Follows, again.Replaces = other, 1, r.Pin
		b, err := again.Format()
		if err == nil {
			_, err = s.Create(t.Context(), again.Key(), strings.NewReader(string(b)), int64(len(b)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if found, sum := s.scrub(scrub.Config{}); sum.Worst() != fetch.ErrConflict || len(found) != 1 {
		t.Errorf("%+v, %+v, want a conflict", found, sum)
	}
}

// TestCopiedStore: the records of a copy name the other store, here the content-addressed keys count.
func TestCopiedStore(t *testing.T) {
	from, to := newSite(t), newSite(t)
	r := from.publish("PE/a", 3*leaf, 1)
	if err := os.CopyFS(to.dir, os.DirFS(from.dir)); err != nil {
		t.Fatal(err)
	}
	if found, sum := to.scrub(scrub.Config{}); len(found) > 0 || sum.Images != 1 {
		t.Errorf("%+v, %+v", found, sum)
	}
	to.edit(record.ImageKey(r.Pin), false, flip(leaf))
	if found, sum := to.scrub(scrub.Config{}); sum.Worst() != fetch.ErrCorrupt || len(found) != 1 {
		t.Errorf("%+v, %+v, want corrupt", found, sum)
	}
}

func TestInterruptedScrubGoesOn(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.publish(record.Name(fmt.Sprintf("PE/%d", i)), leaf, uint64(i+1))
	}
	bad := s.publish("PE/bad", leaf, 99)
	s.edit(record.ImageKey(bad.Pin), true, flip(7))
	state := filepath.Join(t.TempDir(), "state", "file")
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	first, err := scrub.Run(ctx, s.Store, scrub.Config{State: state, Found: func(scrub.Finding) error {
		if seen++; seen == 4 {
			cancel()
		}
		return nil
	}})
	if !errors.Is(err, context.Canceled) || first.Complete || first.Images != 4 {
		t.Fatalf("cancelled: %+v, %v", first, err)
	}
	found, second := s.scrub(scrub.Config{State: state})
	if right := first.Verdicts[scrub.OK]; second.Earlier != right || second.Bytes != int64(6-right)*leaf || second.Images != 7 || len(found) != 1 {
		t.Errorf("after %+v went on with %+v and found %+v", first, second, found)
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state of a complete pass is kept: %v", err)
	}
	if _, third := s.scrub(scrub.Config{State: state}); third.Earlier != 0 || third.Bytes != 6*leaf {
		t.Errorf("the next pass %+v does not begin anew", third)
	}
}

func TestStateOfSomethingElse(t *testing.T) {
	s := newSite(t)
	s.publish("PE/a", leaf, 1)
	state := filepath.Join(t.TempDir(), "state")
	stop := errors.New("stop")
	run := func(of string) (scrub.Summary, error) {
		return scrub.Run(t.Context(), s.Store, scrub.Config{State: state, Of: of, Found: func(scrub.Finding) error { return stop }})
	}
	if _, err := run("here"); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if sum, _ := run("there"); sum.Earlier != 0 {
		t.Errorf("the state of another store counts: %+v", sum)
	}
	if sum, _ := run("there"); sum.Earlier != 1 {
		t.Errorf("%+v, want the image known", sum)
	}
	if err := os.WriteFile(state, []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sum, _ := run("there"); sum.Earlier != 0 {
		t.Errorf("a damaged state counts: %+v", sum)
	}
	s.edit(s.only(), false, same)
	if sum, _ := run("there"); sum.Earlier != 0 {
		t.Errorf("another object counts as the one that was read: %+v", sum)
	}
	if _, err := scrub.Run(t.Context(), s.Store, scrub.Config{State: "/proc/none/state"}); err == nil {
		t.Error("a state that can not be kept is no error")
	}
}

// only is the key of the image of a store that has one.
func (s *site) only() string {
	for e := range s.List(s.t.Context(), record.ImagesPrefix) {
		return e.Key
	}
	s.t.Fatal("no image")
	return ""
}

func TestStoreThatFallsSilent(t *testing.T) {
	s := newSite(t)
	for i := range 4 {
		s.publish(record.Name(fmt.Sprintf("PE/%d", i)), leaf, uint64(i+1))
	}
	var down atomic.Bool
	faults := &fetchtest.Faults{
		Before: func(context.Context, fetchtest.Read) error { return silence(&down) },
		Call:   func(context.Context, string, string) error { return silence(&down) },
	}
	state := filepath.Join(t.TempDir(), "state")
	quick := retry.Config{First: time.Millisecond, Total: 5 * time.Millisecond}
	images := 0
	sum, err := scrub.Run(t.Context(), faults.Store(s.Store), scrub.Config{State: state, Retry: quick, Found: func(scrub.Finding) error {
		images++
		down.Store(images == 2)
		return nil
	}})
	if !errors.Is(err, fetch.ErrUnavailable) || sum.Complete || sum.Images != 2 {
		t.Errorf("Run = %+v, %v, want unavailable after two images", sum, err)
	}
	if _, sum := s.scrub(scrub.Config{State: state}); sum.Earlier != 2 || sum.Images != 4 {
		t.Errorf("%+v, want two images known", sum)
	}
}

func silence(down *atomic.Bool) error {
	if down.Load() {
		return fetch.ErrUnavailable
	}
	return nil
}

// TestObjectThatCanNotBeRead: a disk's error is about one object as long as the store answers.
func TestObjectThatCanNotBeRead(t *testing.T) {
	s := newSite(t)
	s.publish("PE/a", leaf, 1)
	s.publish("PE/b", leaf, 2)
	faults := &fetchtest.Faults{Before: fetchtest.FailRead(1, fetch.ErrUnavailable)}
	sum, err := scrub.Run(t.Context(), faults.Store(s.Store), scrub.Config{})
	if err != nil || sum.Worst() != fetch.ErrUnavailable || sum.Verdicts[scrub.OK] != 1 {
		t.Errorf("Run = %+v, %v, want one image unavailable and one right", sum, err)
	}
}

func TestRate(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.publish(record.Name(fmt.Sprintf("PE/%d", i)), 8*leaf, uint64(i+1))
	}
	synctest.Test(t, func(t *testing.T) {
		s := &site{t, s.dir, s.Store}
		begun := time.Now()
		_, sum := s.scrub(scrub.Config{Rate: 1 << 20})
		// 5 MiB of images and their manifests, of 132 kB each.
		if took := time.Since(begun); sum.Bytes != 5<<20 || took < 5*time.Second || took > 7*time.Second {
			t.Errorf("%+v took %s, want 5 to 7 s", sum, took)
		}
	})
}

func TestFindingAsJSON(t *testing.T) {
	s := newSite(t)
	r := s.publish("PE/a", 3*leaf, 1)
	s.edit(record.ImageKey(r.Pin), true, flip(leaf))
	found, sum := s.scrub(scrub.Config{})
	var fields map[string]any
	b, err := json.Marshal(found[0])
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	if err != nil || fields["verdict"] != "corrupt" || fields["pin"] != r.Pin.String() || fields["corruptLeaves"] != 1.0 || fmt.Sprint(fields["corrupt"]) != "[1]" {
		t.Errorf("%s, %v", b, err)
	}
	if b, err = json.Marshal(sum); err != nil || !strings.Contains(string(b), `"verdicts":{"corrupt":1}`) {
		t.Errorf("%s, %v", b, err)
	}
}

// TestImageElsewhere: a record may name a key that is not pinfs's own, and its manifest is no orphan.
func TestImageElsewhere(t *testing.T) {
	s := newSite(t)
	r := s.publish("PE/a", 3*leaf, 1)
	if err := os.Rename(filepath.Join(s.dir, record.ImageKey(r.Pin)), filepath.Join(s.dir, "boot.img")); err != nil {
		t.Fatal(err)
	}
	s.remove(r.Key())
	r.Locations[0].URL = s.URL() + "/boot.img"
	b, err := r.Format()
	if err == nil {
		_, err = s.Create(t.Context(), r.Key(), strings.NewReader(string(b)), int64(len(b)))
	}
	if err != nil {
		t.Fatal(err)
	}
	if found, sum := s.scrub(scrub.Config{}); len(found) > 0 || sum.Images != 1 || sum.Bytes != 3*leaf {
		t.Errorf("%+v, %+v, want all well", found, sum)
	}
	s.edit("boot.img", true, flip(9))
	if found, sum := s.scrub(scrub.Config{}); len(found) != 1 || sum.Worst() != fetch.ErrCorrupt || found[0].Object != s.URL()+"/boot.img" {
		t.Errorf("%+v, %+v, want boot.img corrupt", found, sum)
	}
}

// TestRepaired: what a later record, or a copy for a pin of the past, makes up for is no reason to act.
func TestRepaired(t *testing.T) {
	for _, past := range []bool{false, true} {
		s := newSite(t)
		r := s.publish("PE/a", 3*leaf, 1)
		if past {
			s.publish("PE/a", leaf, 2)
		}
		s.edit(record.ImageKey(r.Pin), true, flip(9))
		mend := func(name record.Name) {
			t.Helper()
			req := publish.RepairRequest{Name: name, Pin: r.Pin, Publisher: "test@here", Exclusive: true, Open: func(context.Context) (fetch.Source, error) {
				return fetchtest.Memory(fetchtest.Random(3*leaf, 1)), nil
			}}
			if _, err := publish.Mend(t.Context(), s.Store, req); err != nil {
				t.Fatal(err)
			}
		}
		mend("PE/a")
		if found, sum := s.scrub(scrub.Config{}); len(found) != 1 || found[0].Verdict != scrub.Repaired || sum.Worst() != "" {
			t.Errorf("past %v: %+v, %+v, want it repaired", past, found, sum)
		}
		other := *r
		other.Name = "PE/b" // still stands for the damaged object
		b, err := other.Format()
		if err == nil {
			_, err = s.Create(t.Context(), other.Key(), strings.NewReader(string(b)), int64(len(b)))
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, sum := s.scrub(scrub.Config{}); sum.Worst() != fetch.ErrCorrupt {
			t.Errorf("past %v: %+v, want the other name to be cared for", past, sum)
		}
		mend("PE/b")
		if found, sum := s.scrub(scrub.Config{}); sum.Worst() != "" {
			t.Errorf("past %v: %+v, %+v, want both repaired", past, found, sum)
		}
		s.remove(record.ImageKey(r.Pin))
		if found, sum := s.scrub(scrub.Config{}); sum.Worst() != "" {
			t.Errorf("past %v: with the damaged object deleted %+v, %+v", past, found, sum)
		}
	}
}
