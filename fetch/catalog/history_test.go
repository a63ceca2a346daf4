package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// outline is a history on one line: numbers, the newest first, each with what is wrong.
func outline(all []Revision) string {
	var words []string
	for _, r := range all {
		word := fmt.Sprint(r.Number)
		if r.Record == nil {
			word += "?"
		}
		if r.Disputed {
			word += "!"
		}
		if v := fetch.VerdictOf(r.Err); v != "" {
			word += "(" + string(v) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestHistory(t *testing.T) {
	store, dir := newStore(t)
	c := New(store)
	if _, err := c.History(t.Context(), "PE/a"); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("History of no name = %v, want not found", err)
	}
	want := func(what, outlined string) {
		t.Helper()
		all, err := c.History(t.Context(), "PE/a")
		if err != nil || outline(all) != outlined {
			t.Errorf("%s: History = %s, %v, want %s", what, outline(all), err, outlined)
		}
	}
	// add2 adds a revision that follows another than the one below it.
	add2 := func(revision, follows int) {
		r := entry(store, "PE/a", revision, "a")
		r.Follows = follows
		add(t, c, r)
	}
	add(t, c, entry(store, "PE/a", 1, "1"), entry(store, "PE/a/below", 1, "2"))
	want("one", "1")
	add2(4, 1)
	want("a gap", "4 1")
	if err := os.WriteFile(filepath.Join(dir, record.RecordKey("PE/a", 5)), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("damage", "5?(malformed) 4 1")
	add2(6, 1)
	want("damage and a dispute", "6!(conflict) 5?!(malformed) 4 1")
	add2(7, 6)
	want("a dispute that is settled", "7 6! 5?!(malformed) 4 1")
}
