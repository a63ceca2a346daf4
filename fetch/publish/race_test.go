package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/record"
)

// careless is a store that overwrites what is there, as some do with versioned buckets.
type careless struct {
	fetch.Store
	mu *sync.Mutex
}

func (s careless) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Remove(ctx, key); err != nil {
		return fetch.Location{}, err
	}
	return s.Store.Create(ctx, key, body, size)
}

// kinds are stores that check conditions, and those that do not.
func kinds(t *testing.T, test func(t *testing.T, store fetch.Store, dir string, exclusive bool)) {
	for name, exclusive := range map[string]bool{"exclusive": true, "careless": false} {
		t.Run(name, func(t *testing.T) {
			store, dir := newStore(t)
			if !exclusive {
				store = careless{store, new(sync.Mutex)}
			}
			test(t, store, dir, exclusive)
		})
	}
}

// compete has several publish at the same time, and returns the results of those who succeeded.
func compete(t *testing.T, store fetch.Store, all []Request) (won []*Result) {
	t.Helper()
	results, errs := make([]*Result, len(all)), make([]error, len(all))
	var done sync.WaitGroup
	for i, req := range all {
		done.Go(func() { results[i], errs[i] = Publish(t.Context(), store, req) })
	}
	done.Wait()
	for i, err := range errs {
		switch {
		case err == nil:
			won = append(won, results[i])
		case !errors.Is(err, fetch.ErrConflict):
			t.Errorf("publisher %d: %v, want success or conflict", i, err)
		}
	}
	return won
}

// wantTidy fails if any upload is announced.
func wantTidy(t *testing.T, store fetch.Store) {
	t.Helper()
	for e, err := range store.List(t.Context(), record.UploadsPrefix) {
		t.Errorf("%s is left behind, %v", e.Key, err)
	}
}

func TestOneWinsARevision(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, _ string, exclusive bool) {
		var expect fetch.Pin
		for round := range 5 {
			var all []Request
			for i := range 8 {
				req := request(newFile(t, 1000, byte(10*round+i)))
				req.Expect, req.Exclusive = expect, exclusive
				all = append(all, req)
			}
			won := compete(t, store, all)
			if len(won) != 1 || !won[0].Added || won[0].Record.Revision != round+1 {
				t.Fatalf("round %d: %d publishers won, want one", round, len(won))
			}
			current, err := catalog.New(store).Current(t.Context(), "PE/a")
			if err != nil || current.Pin != won[0].Record.Pin {
				t.Fatalf("round %d: the name is %+v, %v, want what the winner published", round, current, err)
			}
			expect = current.Pin
		}
		wantTidy(t, store)
	})
}

func TestEqualBytesAllSucceed(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, _ string, exclusive bool) {
		req := request(newFile(t, 1000, 1))
		req.Exclusive = exclusive
		won := compete(t, store, []Request{req, req, req, req})
		if len(won) != 4 {
			t.Errorf("%d of 4 publishers of the same bytes succeeded", len(won))
		}
		for _, r := range won {
			if r.Record.Revision != 1 {
				t.Errorf("revision %d, want 1", r.Record.Revision)
			}
		}
		wantTidy(t, store)
	})
}

const otherRun = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// announced puts somebody else's intent into the store, as old as given.
func announced(t *testing.T, store fetch.Store, dir string, seq int, pin fetch.Pin, age time.Duration) {
	t.Helper()
	b, err := record.Intent{Name: "PE/a", Revision: 1, Pin: pin, Publisher: "other@there", Started: time.Now(), Lease: 60}.Format()
	if err != nil {
		t.Fatal(err)
	}
	key := record.IntentKey("PE/a", record.IntentID{Revision: 1, Run: otherRun, Seq: seq})
	if _, err := store.Create(t.Context(), key, strings.NewReader(string(b)), int64(len(b))); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(filepath.Join(dir, key), then, then); err != nil {
		t.Fatal(err)
	}
}

func TestUploadInProgress(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, dir string, exclusive bool) {
		announced(t, store, dir, 3, fetch.Pin{9}, 30*time.Second)
		before := listing(t, dir)
		req := request(newFile(t, 1000, 1))
		req.Exclusive = exclusive
		_, err := Publish(t.Context(), store, req)
		if !errors.Is(err, fetch.ErrConflict) || !strings.Contains(fmt.Sprint(err), "other@there") {
			t.Errorf("Publish = %v, want a conflict that names the other publisher", err)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("the store changed from\n%s\nto\n%s", before, after)
		}
	})
}

// TestDeadPublisherIsPassed: where conditions are not checked, the revision that it claimed is left to it.
func TestDeadPublisherIsPassed(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, dir string, exclusive bool) {
		announced(t, store, dir, 3, fetch.Pin{9}, 62*time.Second)
		req := request(newFile(t, 1000, 1))
		req.Exclusive = exclusive
		want := 2
		if exclusive {
			want = 1
		}
		if r := publish(t, store, req).Record; r.Revision != want || r.Follows != 0 {
			t.Errorf("revision %d that follows %d, want %d and 0", r.Revision, r.Follows, want)
		}
		wantTidy(t, store)
	})
}

// TestForeignIntent: what can not be read may be a newer version's.
func TestForeignIntent(t *testing.T) {
	store, dir := newStore(t)
	key := record.IntentKey("PE/a", record.IntentID{Revision: 1, Run: otherRun, Seq: 1})
	if _, err := store.Create(t.Context(), key, strings.NewReader("{}"), 2); err != nil {
		t.Fatal(err)
	}
	req := request(newFile(t, 1000, 1))
	if _, err := Publish(t.Context(), store, req); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Publish = %v, want conflict", err)
	}
	old := time.Now().Add(-2 * defaultLease)
	if err := os.Chtimes(filepath.Join(dir, key), old, old); err != nil {
		t.Fatal(err)
	}
	publish(t, store, req)
}

// crowded is a store in which intents are gone whenever somebody reads what was just listed.
type crowded struct {
	fetch.Store
	stays string // the run of those that are not
}

func (s crowded) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	if _, id, err := record.ParseIntentKey(key); err == nil && id.Run != s.stays {
		return nil, fetch.Location{}, fmt.Errorf("%s: %w", key, fetch.ErrNotFound)
	}
	return s.Store.Get(ctx, key, n)
}

// TestCrowd: intents that come and go faster than they can be read are others at work, and no reason to look
// at those that stay no more.
func TestCrowd(t *testing.T) {
	for stays, want := range map[string]string{"": "somebody else", otherRun: "other@there"} {
		store, dir := newStore(t)
		announced(t, store, dir, 3, fetch.Pin{9}, 0)
		key := record.IntentKey("PE/a", record.IntentID{Revision: 1, Run: strings.Repeat("Z", 26)})
		if _, err := store.Create(t.Context(), key, strings.NewReader("{}"), 2); err != nil {
			t.Fatal(err)
		}
		_, err := Publish(t.Context(), crowded{store, stays}, request(newFile(t, 1000, 1)))
		if !errors.Is(err, fetch.ErrConflict) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("Publish = %v, want a conflict with %s", err, want)
		}
	}
}

// stalled is a store whose client stands still before it creates a record.
type stalled struct {
	fetch.Store
	here, goOn chan struct{}
}

func (s stalled) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if strings.HasPrefix(key, record.NamesPrefix) {
		close(s.here)
		<-s.goOn
	}
	return s.Store.Create(ctx, key, body, size)
}

// TestStalledPublisher stops one just before it adds its record, until others think it dead and go on.
func TestStalledPublisher(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, dir string, exclusive bool) {
		slow, late := stalled{store, make(chan struct{}), make(chan struct{})}, make(chan error)
		req := request(newFile(t, 1000, 1))
		req.Exclusive = exclusive
		go func() {
			_, err := Publish(t.Context(), slow, req)
			late <- err
		}()
		<-slow.here
		for e := range store.List(t.Context(), record.UploadsPrefix) {
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(dir, e.Key), old, old); err != nil {
				t.Error(err)
			}
		}
		req.File = newFile(t, 1000, 2)
		fast := publish(t, store, req).Record
		close(slow.goOn)
		if err := <-late; !errors.Is(err, fetch.ErrConflict) {
			t.Errorf("the late one: %v, want conflict", err)
		}
		current, err := catalog.New(store).Current(t.Context(), "PE/a")
		if err != nil || current.Pin != fast.Pin {
			t.Errorf("the name is %+v, %v, want %s", current, err, fast.Pin)
		}
		if revisions, err := catalog.New(store).Revisions(t.Context(), "PE/a"); err != nil || len(revisions) != 1 {
			t.Errorf("revisions %v, %v, want one", revisions, err)
		}
		wantTidy(t, store)
	})
}

// late is a store whose client gives up when it adds a record; do has the store do it after all.
type late struct {
	fetch.Store
	do *func() error
}

func (s late) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if !strings.HasPrefix(key, record.NamesPrefix) {
		return s.Store.Create(ctx, key, body, size)
	}
	*s.do = func() error {
		_, err := s.Store.Create(context.WithoutCancel(ctx), key, body, size)
		return err
	}
	return fetch.Location{}, fmt.Errorf("%w: no answer", fetch.ErrUnavailable)
}

// TestRecordThatComesLate: a record that is added long after its publisher gave up is never in place of
// somebody else's, and readers are told of it.
func TestRecordThatComesLate(t *testing.T) {
	kinds(t, func(t *testing.T, store fetch.Store, dir string, exclusive bool) {
		var do func() error
		req := request(newFile(t, 1000, 1))
		req.Exclusive = exclusive
		if _, err := Publish(t.Context(), late{store, &do}, req); !errors.Is(err, fetch.ErrUnavailable) {
			t.Fatalf("Publish = %v, want unavailable", err)
		}
		for e := range store.List(t.Context(), record.UploadsPrefix) {
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(dir, e.Key), old, old); err != nil {
				t.Error(err)
			}
		}
		req.File = newFile(t, 1000, 2)
		other := publish(t, store, req).Record
		if err := do(); errors.Is(err, fetch.ErrConflict) != exclusive {
			t.Errorf("the late record: %v", err)
		}
		if stored, err := catalog.New(store).At(t.Context(), "PE/a", other.Revision); err != nil || stored.Pin != other.Pin {
			t.Errorf("revision %d is %+v, %v, want what was published", other.Revision, stored, err)
		}
		current, err := catalog.New(store).Current(t.Context(), "PE/a")
		if exclusive && (err != nil || current.Pin != other.Pin) || !exclusive && !errors.Is(err, fetch.ErrConflict) {
			t.Errorf("Current = %+v, %v", current, err)
		}
		wantTidy(t, store)
	})
}

// TestSettleDispute publishes under a name of which two records did not know of each other.
func TestSettleDispute(t *testing.T) {
	store, _ := newStore(t)
	first := publish(t, store, request(newFile(t, 1000, 1))).Record
	late := *first
	late.Revision, late.Pin, late.Follows, late.Replaces = 3, fetch.Pin{3}, 1, first.Pin
	between := late
	between.Revision, between.Pin = 2, fetch.Pin{2}
	for _, r := range []*record.Record{&between, &late} {
		if err := catalog.New(store).Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	req := request(newFile(t, 1000, 4))
	req.Expect = first.Pin
	if _, err := Publish(t.Context(), store, req); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Publish = %v, want conflict", err)
	}
	req.Expect = late.Pin
	if r := publish(t, store, req).Record; r.Revision != 4 || r.Follows != 3 {
		t.Errorf("revision %d that follows %d, want 4 and 3", r.Revision, r.Follows)
	}
}

// lossy is a store that does what it is asked to and loses every other answer to a renewal.
type lossy struct {
	fetch.Store
	n *int
}

func (s lossy) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	at, err := s.Store.Create(ctx, key, body, size)
	if _, id, _ := record.ParseIntentKey(key); err == nil && id.Seq > 1 {
		if *s.n++; *s.n%2 == 1 {
			return at, fmt.Errorf("%w: the answer was lost", fetch.ErrUnavailable)
		}
	}
	return at, err
}

// TestRenewing: a lease stays alive however long it takes, also where answers are lost.
func TestRenewing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := lossy{new(fetchtest.Shelf), new(int)}
		claimer := func(pin fetch.Pin) (*lease, error) {
			p, err := newPublication(store, request(""))
			if err != nil {
				t.Fatal(err)
			}
			return p.claim(t.Context(), 1, pin)
		}
		l, err := claimer(fetch.Pin{1})
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			time.Sleep(defaultLease / 7)
			if other, err := claimer(fetch.Pin{2}); !errors.Is(err, fetch.ErrConflict) {
				t.Fatalf("another one got %v, %v after %s", other, err, time.Since(l.intent.Started))
			}
		}
		l.end()
		wantTidy(t, store)
	})
}
