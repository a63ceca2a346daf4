package fetchtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func testCreate(t *testing.T, s fetch.Store) {
	for _, n := range []int{0, 1, 131072, 131073} {
		key := fmt.Sprintf(".pinfs/images/%d/image", n)
		content := Random(n, 1)
		created := put(t, s, key, content)
		if want := s.URL() + "/" + key; created.URL != want || created.Size != int64(n) || created.ETag == "" {
			t.Errorf("Create(%q) = %+v, want URL %s, size %d and an ETag", key, created, want, n)
		}
		found, err := s.Stat(t.Context(), key)
		if err != nil || found != created {
			t.Errorf("Stat(%q) = %+v, %v, want what Create returned, %+v", key, found, err, created)
		}
		wantContent(t, s, key, content)
	}
}

func testCreateConflict(t *testing.T, s fetch.Store) {
	first := Random(1000, 1)
	put(t, s, "a/b", first)
	for _, second := range [][]byte{Random(1000, 2), first, nil} {
		_, err := s.Create(t.Context(), "a/b", bytes.NewReader(second), int64(len(second)))
		wantVerdict(t, "second Create", err, fetch.ErrConflict)
	}
	wantContent(t, s, "a/b", first)
}

// testCreateConcurrent lets creators race, small objects and some that a store may upload in parts.
func testCreateConcurrent(t *testing.T, s fetch.Store) {
	race(t, s, "small", 16, 1000)
	race(t, s, "large", 4, LargeSize)
}

func race(t *testing.T, s fetch.Store, key string, creators, size int) {
	t.Helper()
	locs, errs := make([]fetch.Location, creators), make([]error, creators)
	var all sync.WaitGroup
	for i := range creators {
		all.Go(func() {
			locs[i], errs[i] = s.Create(t.Context(), key, bytes.NewReader(Random(size, uint64(i))), int64(size))
		})
	}
	all.Wait()
	var winners []int
	for i, err := range errs {
		if err == nil {
			winners = append(winners, i)
			continue
		}
		wantVerdict(t, "losing Create", err, fetch.ErrConflict)
	}
	if len(winners) > 1 && exclusive(s, size) {
		t.Errorf("Create(%q): creators %d all won", key, winners)
	}
	found, err := s.Stat(t.Context(), key)
	last := slices.IndexFunc(winners, func(i int) bool { return locs[i] == found })
	if err != nil || last < 0 {
		t.Fatalf("Stat(%q) = %+v, %v, want what one of the creators %d was told: %+v", key, found, err, winners, locs)
	}
	wantContent(t, s, key, Random(size, uint64(winners[last])))
}

func testCreateLarge(t *testing.T, s fetch.Store) {
	content := Random(LargeSize, 3)
	loc := put(t, s, "large", content)
	TestSource(t, open(t, s, loc), content)
	_, err := s.Create(t.Context(), "large", bytes.NewReader(content), LargeSize)
	wantVerdict(t, "second Create", err, fetch.ErrConflict)
}

// errBody is what brokenBody fails with.
var errBody = errors.New("the disk under the image is broken")

// brokenBody is size bytes long and can be read up to bad.
type brokenBody struct{ size, bad int64 }

func (b brokenBody) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.bad {
		return 0, errBody
	}
	clear(p)
	return len(p), nil
}

func testCreateBrokenBody(t *testing.T, s fetch.Store) {
	for _, b := range []brokenBody{{size: 1000, bad: 0}, {size: LargeSize, bad: LargeSize - 5}} {
		_, err := s.Create(t.Context(), "broken", b, b.size)
		if !errors.Is(err, errBody) || fetch.VerdictOf(err) != "" {
			t.Errorf("Create of a body that breaks = %v, want %v without a verdict", err, errBody)
		}
		if _, err := s.Create(t.Context(), "short", bytes.NewReader(make([]byte, b.bad)), b.size); !errors.Is(err, io.EOF) {
			t.Errorf("Create of a body that ends early = %v, want io.EOF", err)
		}
	}
	for key := range keys(t, s, "") {
		t.Errorf("%q is visible after a Create that failed", key)
	}
}

// testCreateAgain: a key is free again after Remove.
func testCreateAgain(t *testing.T, s fetch.Store) {
	put(t, s, "again/and", Random(100, 1))
	if err := s.Remove(t.Context(), "again/and"); err != nil {
		t.Fatal(err)
	}
	second := Random(100, 2)
	put(t, s, "again/and", second)
	wantContent(t, s, "again/and", second)
}
