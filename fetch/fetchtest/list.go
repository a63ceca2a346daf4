package fetchtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// keys lists what is there and fails the test if the order is wrong or a key comes twice.
func keys(t *testing.T, s fetch.Store, prefix string) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, e := range entries(t, s, prefix) {
		set[e.Key] = true
	}
	return set
}

func entries(t *testing.T, s fetch.Store, prefix string) []fetch.Entry {
	t.Helper()
	var all []fetch.Entry
	for e, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		if len(all) > 0 && all[len(all)-1].Key >= e.Key {
			t.Errorf("List(%q) yields %q after %q, want byte order", prefix, e.Key, all[len(all)-1].Key)
		}
		all = append(all, e)
	}
	return all
}

func testListOrder(t *testing.T, s fetch.Store) {
	// "-" and "." sort before "/", "0" behind it.
	all := []string{"a-b", "a.b", "a/-", "a/b", "a/b-c/d", "a/b/c", "a0", "b", "ä", "a/Z", "..x", "a/..x"}
	all = slices.DeleteFunc(all, func(key string) bool { return key == "a/b" }) // is a directory elsewhere
	created := map[string]fetch.Location{}
	for i, key := range all {
		created[key] = put(t, s, key, Random(i+1, 1))
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a-", "nothing", "a/nothing", "a/b/c", "a/b/c/", "ä", ".", "..", "a/..", "../", "a/../b", "a//", "/"} {
		var want, got []string
		for _, key := range all {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		for _, e := range entries(t, s, prefix) {
			got = append(got, e.Key)
			loc := created[e.Key]
			if loc.VersionID != e.VersionID {
				loc.VersionID = "" // may be missing
			}
			if e.Location != loc {
				t.Errorf("List(%q): %q lies at %+v, want %+v", prefix, e.Key, e.Location, loc)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
}

func testListPages(t *testing.T, s fetch.Store) {
	jobs := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range jobs {
				put(t, s, fmt.Sprintf("many/%04d", i), nil)
			}
		})
	}
	for i := range pagedEntries {
		jobs <- i
	}
	close(jobs)
	workers.Wait()
	all := entries(t, s, "many/")
	if len(all) != pagedEntries {
		t.Fatalf("List yields %d objects, want %d", len(all), pagedEntries)
	}
	if last := fmt.Sprintf("many/%04d", pagedEntries-1); all[len(all)-1].Key != last {
		t.Errorf("the last key is %q, want %q", all[len(all)-1].Key, last)
	}
}

// testListModified: the store's clock tells which of two objects is older, as finely as it goes.
func testListModified(t *testing.T, s fetch.Store) {
	put(t, s, "old", nil)
	put(t, s, "older/than/this", nil)
	all := entries(t, s, "old")
	if len(all) != 2 {
		t.Fatalf("List yields %d objects, want 2", len(all))
	}
	for _, e := range all {
		if age := time.Since(e.Modified); age < -time.Minute || age > time.Hour {
			t.Errorf("%q was stored at %s, which is %s ago", e.Key, e.Modified, age)
		}
	}
	if all[1].Modified.Before(all[0].Modified) {
		t.Errorf("%q was stored at %s, %q before at %s", all[1].Key, all[1].Modified, all[0].Key, all[0].Modified)
	}
}

func testListStops(t *testing.T, s fetch.Store) {
	for _, key := range []string{"a/1", "a/2", "b/1"} {
		put(t, s, key, nil)
	}
	for e, err := range s.List(t.Context(), "") {
		if err != nil || e.Key != "a/1" {
			t.Fatalf("List begins with %q, %v, want a/1", e.Key, err)
		}
		break
	}
}
