package publish

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
)

func keyed(name string) Request {
	req := request(name)
	req.Key = "PE/x"
	return req
}

func TestPublishAtAKey(t *testing.T) {
	store, dir := newStore(t)
	spy := &spying{Store: store}
	name := newFile(t, 3*manifest.LeafSize+5, 1)
	r := publish(t, spy, keyed(name))
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "PE/x")); err != nil || string(got) != string(want) {
		t.Errorf("at the key there are other bytes, %v", err)
	}
	locs := r.Record.Locations
	if len(locs) != 2 || !strings.HasSuffix(locs[0].URL, record.ImageKey(r.Record.Pin)) || locs[1].URL != store.URL()+"/PE/x" {
		t.Errorf("locations %+v, want the content-addressed one and then the key", locs)
	}
	if spy.said["md5sum"] != r.Record.MD5 {
		t.Errorf("beside the object: %v, want md5sum %s", spy.said, r.Record.MD5)
	}
	before := listing(t, dir)
	if again := publish(t, store, keyed(name)); again.Added || again.Uploaded {
		t.Errorf("published again: %+v", again)
	}
	if again := publish(t, store, request(name)); again.Added {
		t.Errorf("published again without the key: %+v", again)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("the store changed from\n%s\nto\n%s", before, after)
	}
	if e, err := os.ReadDir(filepath.Join(dir, "PE")); err != nil || len(e) != 1 {
		t.Errorf("beside the key: %v, %v", e, err)
	}
}

// TestKeyLater: a name that is published already gets the key, and keeps what it had.
func TestKeyLater(t *testing.T) {
	store, dir := newStore(t)
	name := newFile(t, 1000, 1)
	first := publish(t, store, request(name)).Record
	second := publish(t, store, keyed(name))
	if r := second.Record; r.Revision != 2 || second.Uploaded || len(r.Locations) != 2 || r.Locations[0] != first.Locations[0] {
		t.Errorf("with a key: %+v", r)
	}
	if err := os.Remove(filepath.Join(dir, "PE/x")); err != nil {
		t.Fatal(err)
	}
	if third := publish(t, store, keyed(name)); third.Record.Revision != 3 {
		t.Errorf("the object at the key was lost: %+v, want it placed again", third.Record)
	}
	other := keyed(name)
	other.Key = "PE/y"
	if r := publish(t, store, other).Record; len(r.Locations) != 3 {
		t.Errorf("with a second key: %+v, want three places", r.Locations)
	}
}

func TestKeyThatIsTaken(t *testing.T) {
	const n = 2 * manifest.LeafSize
	store, dir := newStore(t)
	for what, seed := range map[string]uint64{"other bytes": 2, "the same bytes": 1} {
		found(t, dir, n, seed)
		file := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(file, fetchtest.Random(n, 1), 0o644); err != nil {
			t.Fatal(err)
		}
		before := listing(t, dir)
		r, err := Publish(t.Context(), store, keyed(file))
		if seed == 1 {
			if err != nil || len(r.Record.Locations) != 2 {
				t.Errorf("%s at the key: Publish = %+v, %v", what, r, err)
			}
			continue
		}
		if !errors.Is(err, fetch.ErrConflict) || !strings.Contains(err.Error(), "another --key") {
			t.Errorf("%s at the key: Publish = %v, want conflict", what, err)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("%s at the key: the store changed from\n%s\nto\n%s", what, before, after)
		}
		found(t, dir, n-1, 1)
		if _, err := Publish(t.Context(), store, keyed(file)); !errors.Is(err, fetch.ErrConflict) {
			t.Errorf("another size at the key: Publish = %v, want conflict", err)
		}
		if err := os.RemoveAll(filepath.Join(dir, ".pinfs")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeyDamagedInTheStore: what the store has at the key is read back like everything else.
func TestKeyDamagedInTheStore(t *testing.T) {
	store, dir := newStore(t)
	bad := tampering{store, func(key string, b []byte) []byte {
		if key == "PE/x" {
			b[len(b)/2] ^= 1
		}
		return b
	}}
	if _, err := Publish(t.Context(), bad, keyed(newFile(t, 1000, 1))); !errors.Is(err, fetch.ErrCorrupt) || !strings.Contains(err.Error(), "PE/x") {
		t.Errorf("Publish = %v, want corrupt", err)
	}
	if strings.Contains(listing(t, dir), "/names/") {
		t.Error("there is a record")
	}
}

// TestKeyOverwrittenAtOnce: nobody is told to delete what somebody else has put there.
func TestKeyOverwrittenAtOnce(t *testing.T) {
	store, dir := newStore(t)
	pushy := &spying{Store: store, created: func(key string) {
		if key == "PE/x" {
			found(t, dir, 1000, 2)
		}
	}}
	_, err := Publish(t.Context(), pushy, keyed(newFile(t, 1000, 1)))
	if !errors.Is(err, fetch.ErrOverwritten) || strings.Contains(err.Error(), "delete") {
		t.Errorf("Publish = %v, want overwritten and no advice to delete", err)
	}
	if strings.Contains(listing(t, dir), "/names/") {
		t.Error("there is a record")
	}
}

func TestBadKeys(t *testing.T) {
	store, _ := newStore(t)
	for _, key := range []string{".pinfs/images/x", "/x", "a//b", "scratch/x"} {
		req := keyed(newFile(t, 10, 1))
		req.Key = key
		if _, err := Publish(t.Context(), store, req); err == nil || fetch.VerdictOf(err) != "" {
			t.Errorf("Publish with key %q = %v, want an error without a verdict", key, err)
		}
	}
}

// TestPublishOfWhatWasAdopted adds a copy that nobody else writes to.
func TestPublishOfWhatWasAdopted(t *testing.T) {
	store, dir := newStore(t)
	content, _ := found(t, dir, 1000, 1)
	adopt(t, store, adoption())
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	r := publish(t, store, request(file))
	if locs := r.Record.Locations; !r.Uploaded || r.Record.Revision != 2 || len(locs) != 2 || !strings.HasSuffix(locs[0].URL, "/image") {
		t.Errorf("Publish = %+v, want both places", r.Record)
	}
	if again := adopt(t, store, adoption()); again.Added {
		t.Errorf("adopted again: %+v, want nothing added", again.Record)
	}
}
