package gc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
)

// shop is a store in memory with a clock of its own.
type shop struct {
	*testing.T
	*fetchtest.Shelf
	dir string
}

func open(t *testing.T) shop { return shop{t, new(fetchtest.Shelf), t.TempDir()} }

// file makes a file of n bytes.
func (s shop) file(n int) string {
	s.T.Helper()
	name := filepath.Join(s.dir, fmt.Sprint(n))
	if err := os.WriteFile(name, fetchtest.Random(n, uint64(n)), 0o644); err != nil {
		s.Fatal(err)
	}
	return name
}

func (s shop) publish(n int, name record.Name) fetch.Pin {
	s.T.Helper()
	r, err := publish.Publish(s.Context(), s.Shelf, publish.Request{File: s.file(n), Name: name, Publisher: "me@here", Exclusive: true})
	if err != nil {
		s.Fatal(err)
	}
	return r.Record.Pin
}

func (s shop) put(key, content string) {
	s.T.Helper()
	if _, err := s.Create(s.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
		s.Fatal(err)
	}
}

// orphan publishes and takes the name away.
func (s shop) orphan(n int) fetch.Pin {
	s.T.Helper()
	pin := s.publish(n, "gone")
	if err := s.Remove(s.Context(), record.RecordKey("gone", 1)); err != nil {
		s.Fatal(err)
	}
	return pin
}

func (s shop) intent(pin fetch.Pin, name record.Name, revision, seq int) string {
	s.T.Helper()
	b, err := record.Intent{Name: name, Revision: revision, Pin: pin, Publisher: "x@y", Started: time.Now(), Lease: 60}.Format()
	if err != nil {
		s.Fatal(err)
	}
	key := record.IntentKey(name, record.IntentID{Revision: revision, Run: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Seq: seq})
	s.put(key, string(b))
	return key
}

func (s shop) keys() (all []string) {
	for e := range s.List(context.Background(), "") {
		all = append(all, e.Key)
	}
	return all
}

// run collects, and returns the keys that it told of.
func (s shop) run(remove bool) (told []string, err error) {
	_, err = Run(s.Context(), s.Shelf, Config{Grace: time.Hour, Delete: remove, Found: func(g Garbage) {
		if g.Removed != remove || g.Error != "" {
			s.Errorf("%+v, want it removed: %v", g, remove)
		}
		told = append(told, strings.TrimPrefix(g.Object, s.URL()+"/"))
	}})
	slices.Sort(told)
	return told, err
}

// wantRemoved runs it dry and then in earnest: it tells of these and removes these.
func (s shop) wantRemoved(want ...string) {
	s.T.Helper()
	slices.Sort(want)
	before := s.keys()
	if told, err := s.run(false); err != nil || !slices.Equal(told, want) || !slices.Equal(s.keys(), before) {
		s.Errorf("a dry run tells of %q, %v, and leaves %q, want %q", told, err, s.keys(), want)
	}
	if told, err := s.run(true); err != nil || !slices.Equal(told, want) {
		s.Errorf("it tells of %q, %v, want %q", told, err, want)
	}
	left := slices.DeleteFunc(before, func(key string) bool { return slices.Contains(want, key) })
	if now := s.keys(); !slices.Equal(now, left) {
		s.Errorf("it leaves %q, want %q", now, left)
	}
}

// bubble runs test with a clock of its own.
func bubble(t *testing.T, test func(s shop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(open(t)) })
}

func TestOrphanGoesAfterGrace(t *testing.T) {
	bubble(t, func(s shop) {
		s.publish(1000, "kept")
		pin := s.orphan(2000)
		s.wantRemoved()
		time.Sleep(2 * time.Hour)
		s.wantRemoved(record.ImageKey(pin), record.ManifestKey(pin))
	})
}

// TestNamedStays: what any revision of any name stands for.
func TestNamedStays(t *testing.T) {
	bubble(t, func(s shop) {
		first := s.publish(1000, "a")
		if _, err := publish.Publish(s.Context(), s.Shelf, publish.Request{File: s.file(2000), Name: "a", Publisher: "me@here", Expect: first}); err != nil {
			s.Fatal(err)
		}
		time.Sleep(1000 * time.Hour)
		s.wantRemoved()
	})
}

// TestDamagedRecord may name any image.
func TestDamagedRecord(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		s.put(record.RecordKey("b", 1), "{")
		time.Sleep(2 * time.Hour)
		if _, err := s.run(true); !errors.Is(err, fetch.ErrMalformed) {
			s.Errorf("Run = %v, want malformed", err)
		}
		if _, err := s.Stat(s.Context(), record.ImageKey(pin)); err != nil {
			s.Errorf("the image is gone: %v", err)
		}
	})
}

// TestIntents: those of the dead go, unless they hold a revision that nobody else may have.
func TestIntents(t *testing.T) {
	bubble(t, func(s shop) {
		s.publish(1000, "a")
		old := s.intent(fetch.Pin{1}, "a", 1, 3) // its revision is there
		s.intent(fetch.Pin{1}, "b", 1, 3)
		time.Sleep(10 * time.Minute)
		s.wantRemoved(old)
		time.Sleep(2 * time.Hour)
		s.wantRemoved(record.IntentKey("b", record.IntentID{Revision: 1, Run: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Seq: 3}))
	})
}

// TestAnnouncedStays: an old image that somebody is just publishing again.
func TestAnnouncedStays(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		time.Sleep(2 * time.Hour)
		s.intent(pin, "again", 1, 1)
		s.wantRemoved()
	})
}

// TestKilledPublisher leaves an image and an intent: both go at once.
func TestKilledPublisher(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		key := s.intent(pin, "b", 1, 1)
		time.Sleep(2 * time.Hour)
		s.wantRemoved(key, record.ImageKey(pin), record.ManifestKey(pin))
	})
}

// TestDebris of probes and of killed runs.
func TestDebris(t *testing.T) {
	bubble(t, func(s shop) {
		s.put(record.ProbePrefix+"x-1", "")
		s.put(record.RemovalKey(fetch.Pin{1}, "r"), "")
		s.put("not/ours", "")
		s.wantRemoved()
		time.Sleep(2 * time.Hour)
		s.wantRemoved(record.ProbePrefix+"x-1", record.RemovalKey(fetch.Pin{1}, "r"))
	})
}

// slow is a store in which somebody publishes in the middle of a run.
type slow struct {
	*fetchtest.Shelf
	before string // prefix of the key before whose removal
	do     func()
}

func (s *slow) Remove(ctx context.Context, key string) error {
	if do := s.do; do != nil && strings.HasPrefix(key, s.before) {
		s.do = nil
		do()
	}
	return s.Shelf.Remove(ctx, key)
}

// TestPublisherWaits: whoever publishes an image that is just being removed uploads it again.
func TestPublisherWaits(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		time.Sleep(2 * time.Hour)
		published := make(chan error)
		store := &slow{Shelf: s.Shelf, before: record.ImagesPrefix, do: func() {
			go func() {
				r, err := publish.Publish(s.Context(), s.Shelf, publish.Request{File: s.file(2000), Name: "again", Publisher: "me@here", Exclusive: true})
				if err == nil && !r.Uploaded {
					err = errors.New("it was not uploaded again")
				}
				published <- err
			}()
			time.Sleep(time.Minute)
		}}
		if _, err := Run(s.Context(), store, Config{Grace: time.Hour, Delete: true}); err != nil {
			s.Error(err)
		}
		if err := <-published; err != nil {
			s.Errorf("Publish = %v", err)
		}
		if _, err := s.Stat(s.Context(), record.ImageKey(pin)); err != nil {
			s.Errorf("the image that has a name now: %v", err)
		}
	})
}

// TestPublishedMeanwhile: who has announced himself after the first look is seen by the second.
func TestPublishedMeanwhile(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		time.Sleep(2 * time.Hour)
		store := &late{Shelf: s.Shelf, pin: pin, do: func() { s.intent(pin, "again", 1, 1) }}
		if _, err := Run(s.Context(), store, Config{Grace: time.Hour, Delete: true}); err != nil {
			s.Error(err)
		}
		if _, err := s.Stat(s.Context(), record.ImageKey(pin)); err != nil {
			s.Errorf("the image that is being published: %v", err)
		}
	})
}

// moving is a store in which something happens just before an announcement is read.
type moving struct {
	*late
	do func(key string)
}

func (s *moving) Get(ctx context.Context, key string, n int64) ([]byte, fetch.Location, error) {
	if do := s.do; do != nil && strings.HasPrefix(key, record.UploadsPrefix) {
		s.do = nil
		do(key)
	}
	return s.Shelf.Get(ctx, key, n)
}

// TestAnnouncementThatGoes was renewed, or its publisher has added the record: either way the image stays.
func TestAnnouncementThatGoes(t *testing.T) {
	for what, renewed := range map[string]bool{"renewed": true, "ended": false} {
		bubble(t, func(s shop) {
			pin := s.publish(2000, "again")
			key := record.RecordKey("again", 1)
			b, _, err := s.Get(s.Context(), key, record.MaxSize)
			if err != nil {
				s.Fatal(err)
			}
			if err := s.Remove(s.Context(), key); err != nil {
				s.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
			announce := &late{Shelf: s.Shelf, pin: pin, do: func() { s.intent(pin, "again", 1, 1) }} // after the first look
			store := &moving{announce, func(old string) {
				if renewed {
					s.intent(pin, "again", 1, 2)
				} else {
					s.put(key, string(b))
				}
				if err := s.Remove(s.Context(), old); err != nil {
					s.Error(err)
				}
			}}
			if _, err := Run(s.Context(), store, Config{Grace: time.Hour, Delete: true}); err != nil {
				s.Error(err)
			}
			if _, err := s.Stat(s.Context(), record.ImageKey(pin)); err != nil {
				s.Errorf("%s: the image: %v", what, err)
			}
		})
	}
}

// late is a store in which something happens before the first note of a removal.
type late struct {
	*fetchtest.Shelf
	pin fetch.Pin
	do  func()
}

func (s *late) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if do := s.do; do != nil && strings.HasPrefix(key, record.RemovalPrefix+s.pin.Hex()) {
		s.do = nil
		do()
	}
	return s.Shelf.Create(ctx, key, body, size)
}

// behind is a store whose clock is three hours late.
type behind struct{ *fetchtest.Shelf }

func (s behind) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		for e, err := range s.Shelf.List(ctx, prefix) {
			e.Modified = e.Modified.Add(-3 * time.Hour)
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestClockOfTheStore: what was just put there is young, whatever clock is wrong.
func TestClockOfTheStore(t *testing.T) {
	bubble(t, func(s shop) {
		pin := s.orphan(2000)
		if _, err := Run(s.Context(), behind{s.Shelf}, Config{Grace: time.Hour, Delete: true}); err != nil {
			s.Error(err)
		}
		if _, err := s.Stat(s.Context(), record.ImageKey(pin)); err != nil {
			s.Errorf("a new image: %v", err)
		}
	})
}

func TestGraceIsNotTooShort(t *testing.T) {
	if _, err := Run(t.Context(), new(fetchtest.Shelf), Config{Grace: time.Minute}); err == nil {
		t.Error("Run with a grace of a minute = nil")
	}
}
