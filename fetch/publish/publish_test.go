package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t *testing.T) (fetch.Store, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store, dir
}

// newFile makes a file of n pseudo-random bytes.
func newFile(t *testing.T, n int, seed byte) string {
	t.Helper()
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func request(name string) Request { return Request{File: name, Name: "PE/a", Publisher: "test@here"} }

func publish(t *testing.T, store fetch.Store, req Request) *Result {
	t.Helper()
	r, err := Publish(t.Context(), store, req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPublish(t *testing.T) {
	store, dir := newStore(t)
	name := newFile(t, 3*manifest.LeafSize+5, 1)
	got := publish(t, store, request(name))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	built, err := manifest.Build(t.Context(), bytes.NewReader(b), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	for _, phase := range []Phase{Hashing, Uploading, Checking} {
		if _, timed := got.Took[phase]; !timed {
			t.Errorf("it is not told how long the phase %s took", phase)
		}
	}
	r := got.Record
	if r.Pin != built.Pin() || r.SHA256 != hex.EncodeToString(sum[:]) || r.Revision != 1 || !got.Added || !got.Uploaded {
		t.Errorf("Publish = %+v (added %v, uploaded %v)", r, got.Added, got.Uploaded)
	}
	for key, want := range map[string][]byte{record.ImageKey(r.Pin): b, record.ManifestKey(r.Pin): built.Bytes()} {
		if stored, err := os.ReadFile(filepath.Join(dir, key)); err != nil || !bytes.Equal(stored, want) {
			t.Errorf("%s: %v, or other bytes than published", key, err)
		}
	}
}

func TestPublishAgainWritesNothing(t *testing.T) {
	store, dir := newStore(t)
	name := newFile(t, 1000, 1)
	publish(t, store, request(name))
	before := listing(t, dir)
	again := publish(t, store, request(name))
	if again.Added || again.Uploaded || again.Record.Revision != 1 {
		t.Errorf("second Publish = added %v, uploaded %v, revision %d", again.Added, again.Uploaded, again.Record.Revision)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("the store changed from\n%s\nto\n%s", before, after)
	}
}

// TestAskedBeforeTheFirstWrite: what the store honours is asked for when it matters, and once.
func TestAskedBeforeTheFirstWrite(t *testing.T) {
	store, dir := newStore(t)
	asked := 0
	req := request(newFile(t, 1000, 1))
	req.Ask = func(context.Context) bool {
		asked++
		if all := listing(t, dir); all != "" {
			t.Errorf("there is already\n%s", all)
		}
		return true
	}
	if !publish(t, store, req).Added || asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	if publish(t, store, req).Added || asked != 1 {
		t.Errorf("asked %d times although there was nothing to write", asked)
	}
	req.File = newFile(t, 1000, 2)
	if _, err := Publish(t.Context(), store, req); !errors.Is(err, fetch.ErrConflict) || asked != 1 {
		t.Errorf("Publish = %v, asked %d times", err, asked)
	}
}

func listing(t *testing.T, dir string) (all string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all += path + "\n"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNameDoesNotMoveByAccident(t *testing.T) {
	store, dir := newStore(t)
	first := publish(t, store, request(newFile(t, 1000, 1))).Record
	other := request(newFile(t, 1000, 2))
	before := listing(t, dir)
	for _, expect := range []fetch.Pin{{}, {1, 2, 3}} {
		other.Expect = expect
		if _, err := Publish(t.Context(), store, other); !errors.Is(err, fetch.ErrConflict) {
			t.Errorf("Publish expecting %v = %v, want conflict", expect, err)
		}
	}
	if after := listing(t, dir); after != before {
		t.Errorf("a refused Publish changed the store from\n%s\nto\n%s", before, after)
	}
	other.Expect = first.Pin
	moved := publish(t, store, other).Record
	if moved.Revision != 2 || moved.Replaces != first.Pin {
		t.Errorf("moved = %+v, want revision 2 that replaces %s", moved, first.Pin)
	}
}

func TestExpectOfNewName(t *testing.T) {
	store, _ := newStore(t)
	req := request(newFile(t, 10, 1))
	req.Expect = fetch.Pin{1}
	if _, err := Publish(t.Context(), store, req); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Publish = %v, want conflict", err)
	}
}

func TestSameBytesUnderTwoNames(t *testing.T) {
	store, _ := newStore(t)
	req := request(newFile(t, 1000, 1))
	publish(t, store, req)
	req.Name = "PE/b"
	if r := publish(t, store, req); r.Uploaded || !r.Added {
		t.Errorf("Publish under a second name = uploaded %v, added %v, want only a record", r.Uploaded, r.Added)
	}
}

func TestBadFiles(t *testing.T) {
	store, _ := newStore(t)
	for name, want := range map[string]error{
		filepath.Join(t.TempDir(), "missing"): fetch.ErrNotFound,
		newFile(t, 0, 1):                      fetch.ErrMalformed,
		t.TempDir():                           nil, // a directory: an error without a verdict
	} {
		_, err := Publish(t.Context(), store, request(name))
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("Publish(%s) = %v, want %v", name, err, want)
		}
	}
}

// tampering is a store that passes each body through a function before it keeps it.
type tampering struct {
	fetch.Store
	change func(key string, b []byte) []byte
}

func (s tampering) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	b, err := io.ReadAll(io.NewSectionReader(body, 0, size))
	if err != nil {
		return fetch.Location{}, err
	}
	b = s.change(key, b)
	return s.Store.Create(ctx, key, bytes.NewReader(b), int64(len(b)))
}

func TestDamageInTheStoreIsNeverNamed(t *testing.T) {
	req := request(newFile(t, 3*manifest.LeafSize, 1))
	for what, change := range map[string]func(b []byte) []byte{
		"a flipped bit": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"a byte less":   func(b []byte) []byte { return b[:len(b)-1] },
	} {
		for _, damaged := range []string{"image", "manifest"} {
			store, dir := newStore(t)
			bad := tampering{store, func(key string, b []byte) []byte {
				if filepath.Base(key) == damaged {
					return change(b)
				}
				return b
			}}
			_, err := Publish(t.Context(), bad, req)
			if v := fetch.VerdictOf(err); v != fetch.ErrCorrupt && v != fetch.ErrOverwritten {
				t.Errorf("%s in the %s: Publish = %v, want corrupt or overwritten", what, damaged, err)
			}
			if _, err := catalog.New(store).Current(t.Context(), req.Name); !errors.Is(err, fetch.ErrNotFound) {
				t.Errorf("%s in the %s: the name is visible: %v", what, damaged, err)
			}
			if _, blamed, _ := strings.Cut(fmt.Sprint(err), "delete "+store.URL()); !strings.HasPrefix(filepath.Base(blamed), damaged+" and publish again") {
				t.Errorf("%s in the %s: %v does not say what to delete", what, damaged, err)
			}
			if err := os.Remove(filepath.Join(dir, ".pinfs/images", blamedKey(err, damaged))); err != nil {
				t.Fatal(err)
			}
			if _, err := Publish(t.Context(), store, req); err != nil {
				t.Errorf("%s in the %s: after following the advice, Publish = %v", what, damaged, err)
			}
		}
	}
}

// blamedKey is what err asks to delete, below .pinfs/images.
func blamedKey(err error, part string) string {
	_, rest, _ := strings.Cut(fmt.Sprint(err), ": delete ")
	_, rest, _ = strings.Cut(rest, ".pinfs/images/")
	hex, _, _ := strings.Cut(rest, "/")
	return filepath.Join(hex, part)
}

func TestStoreThatLostWhatItHad(t *testing.T) {
	for _, lost := range []string{"image", "manifest"} {
		store, dir := newStore(t)
		req := request(newFile(t, 3*manifest.LeafSize, 1))
		first := publish(t, store, req).Record
		if err := os.Remove(filepath.Join(dir, ".pinfs/images", first.Pin.Hex(), lost)); err != nil {
			t.Fatal(err)
		}
		again := publish(t, store, req)
		if !again.Added || again.Record.Revision != 2 || again.Record.Pin != first.Pin {
			t.Errorf("%s lost: Publish = added %v, revision %d, want a new revision of the same pin", lost, again.Added, again.Record.Revision)
		}
		place, err := catalog.New(store).Resolve(t.Context(), req.Name, first.Pin)
		if err != nil {
			t.Fatal(err)
		}
		o, err := verify.Open(t.Context(), store, place.Pin, place.Image, place.Manifest, verify.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Scan(t.Context(), nil); err != nil {
			t.Errorf("%s lost: after publishing again, Scan = %v", lost, err)
		}
		o.Close()
	}
}

// TestTruncatedCopyOfAStore: nobody has recorded an identity for the copy, but the size is known.
func TestTruncatedCopyOfAStore(t *testing.T) {
	store, dir := newStore(t)
	req := request(newFile(t, 3*manifest.LeafSize, 1))
	pin := publish(t, store, req).Record.Pin
	copied, there := newStore(t)
	if err := os.CopyFS(there, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if r := publish(t, copied, req); r.Added {
		t.Error("publishing into an intact copy added a revision")
	}
	image := filepath.Join(there, record.ImageKey(pin))
	if err := errors.Join(os.Chmod(image, 0o644), os.Truncate(image, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(t.Context(), copied, req); err == nil || !strings.Contains(err.Error(), "delete ") {
		t.Errorf("publishing into a truncated copy = %v, want an error that names the object", err)
	}
}

func TestImpossibleRequestIsFoundAtOnce(t *testing.T) {
	store, dir := newStore(t)
	good := request(newFile(t, 1000, 1))
	for what, change := range map[string]func(*Request){
		"class elsewhere": func(r *Request) { r.Class = record.Scratch },
		"name in scratch": func(r *Request) { r.Name = "scratch/a" },
		"media type":      func(r *Request) { r.MediaType = "foo" },
		"no publisher":    func(r *Request) { r.Publisher = "" },
	} {
		req := good
		change(&req)
		if _, err := Publish(t.Context(), store, req); err == nil || listing(t, dir) != "" {
			t.Errorf("%s: Publish = %v, and the store holds %q, want a refusal before anything is written", what, err, listing(t, dir))
		}
	}
}

// meddling is a store during whose first look somebody does something: after the hashing, before the
// upload.
type meddling struct {
	fetch.Store
	once *sync.Once
	do   func()
}

func (s meddling) Stat(ctx context.Context, key string) (fetch.Location, error) {
	s.once.Do(s.do)
	return s.Store.Stat(ctx, key)
}

func TestFileThatChangesWhileItIsPublished(t *testing.T) {
	for _, when := range []string{"while it is hashed", "between hashing and upload"} {
		store, dir := newStore(t)
		name := newFile(t, 3*manifest.LeafSize, 1)
		req := request(name)
		var once sync.Once
		meddled := store
		if when == "while it is hashed" {
			req.Progress = func(Phase, int64, int64) { once.Do(func() { scribble(t, name) }) }
		} else {
			meddled = meddling{store, &once, func() { scribble(t, name) }}
		}
		if _, err := Publish(t.Context(), meddled, req); !errors.Is(err, fetch.ErrConflict) || !strings.Contains(err.Error(), "changed while") {
			t.Errorf("file changed %s: Publish = %v, want a refusal", when, err)
		}
		if left := listing(t, dir); left != "" {
			t.Errorf("file changed %s: the store holds %s", when, left)
		}
		req.Progress = nil
		if _, err := Publish(t.Context(), store, req); err != nil {
			t.Errorf("file changed %s: publishing again when it is quiet = %v", when, err)
		}
	}
}

func scribble(t *testing.T, name string) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt([]byte("other"), 100)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

func TestConcurrentPublishers(t *testing.T) {
	store, _ := newStore(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		req := request(newFile(t, 1000, byte(i)))
		req.Publisher = fmt.Sprintf("p%d@here", i)
		wg.Go(func() {
			r, err := Publish(context.Background(), store, req)
			switch {
			case err == nil && r.Record.Publisher == req.Publisher:
				won.Add(1)
			case !errors.Is(err, fetch.ErrConflict):
				t.Errorf("Publish = %+v, %v, want success or conflict", r, err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 8 publishers won, want 1", won.Load())
	}
	revisions, err := catalog.New(store).Revisions(t.Context(), "PE/a")
	if err != nil || len(revisions) != 1 {
		t.Errorf("Revisions = %v, %v, want one", revisions, err)
	}
}

func TestConcurrentPublishersOfEqualBytes(t *testing.T) {
	store, _ := newStore(t)
	name := newFile(t, 1000, 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := Publish(context.Background(), store, request(name)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
