package fetchtest

import (
	"bytes"
	"context"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func testGet(t *testing.T, s fetch.Store) {
	content := Random(5000, 1)
	created := put(t, s, "object", content)
	put(t, s, "empty", nil)
	for _, c := range []struct {
		key     string
		n, want int64
	}{
		{"object", 0, 0}, {"object", 1, 1}, {"object", 4999, 4999}, {"object", 5000, 5000}, {"object", 1 << 40, 5000},
		{"empty", 0, 0}, {"empty", 1, 0}, {"empty", 1 << 40, 0},
	} {
		got, loc, err := s.Get(t.Context(), c.key, c.n)
		if err != nil || !bytes.Equal(got, content[:c.want]) {
			t.Errorf("Get(%q, %d) = %d bytes, %v, want the first %d", c.key, c.n, len(got), err, c.want)
		}
		if c.key == "object" && loc != created {
			t.Errorf("Get(%q, %d) found %+v, want %+v", c.key, c.n, loc, created)
		}
	}
}

func testNotFound(t *testing.T, s fetch.Store) {
	put(t, s, "dir/object", Random(10, 1))
	for _, key := range []string{"nothing", "dir", "dir/nothing", "dir/nothing/below"} {
		_, err := s.Stat(t.Context(), key)
		wantVerdict(t, "Stat("+key+")", err, fetch.ErrNotFound)
		_, _, err = s.Get(t.Context(), key, 10)
		wantVerdict(t, "Get("+key+")", err, fetch.ErrNotFound)
		src := open(t, s, fetch.Location{URL: s.URL() + "/" + key, Size: 10})
		wantVerdict(t, "ReadAt of "+key, src.ReadAt(t.Context(), make([]byte, 10), 0), fetch.ErrNotFound)
	}
}

func testRemove(t *testing.T, s fetch.Store) {
	put(t, s, "x/y/z", Random(10, 1))
	put(t, s, "x/other", Random(10, 2))
	for range 2 {
		if err := s.Remove(t.Context(), "x/y/z"); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	_, err := s.Stat(t.Context(), "x/y/z")
	wantVerdict(t, "Stat of a removed object", err, fetch.ErrNotFound)
	if err := s.Remove(t.Context(), "x/never/was"); err != nil {
		t.Errorf("Remove of what never was: %v", err)
	}
	wantContent(t, s, "x/other", Random(10, 2))
}

func testKeys(t *testing.T, s fetch.Store) {
	want := map[string]bool{}
	for i, key := range []string{
		"with space", "per%cent", "per%20cent", "a+b", "PE/Größe-日本語", "q?versionId=x&y#z", "'quotes\"", "[]{}|^~`$@!*(),;:=", "back\\slash",
	} {
		content := Random(100, uint64(i))
		loc := put(t, s, key, content)
		wantContent(t, s, key, content)
		TestSource(t, open(t, s, loc), content)
		want[key] = true
	}
	got := keys(t, s, "")
	for key := range want {
		if !got[key] {
			t.Errorf("List does not yield %q", key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("List yields %d keys, want %d", len(got), len(want))
	}
	for key := range want {
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("Remove(%q): %v", key, err)
		}
	}
	if left := keys(t, s, ""); len(left) != 0 {
		t.Errorf("left after Remove: %v", left)
	}
}

// testBadKeys: no key may be taken for another one or lead out of the store.
func testBadKeys(t *testing.T, s fetch.Store) {
	for _, key := range []string{"", "/", "/abs", "a//b", "a/", ".", "..", "../x", "a/../b", "a/./b", "nul\x00byte"} {
		_, err := s.Stat(t.Context(), key)
		wantVerdict(t, "Stat", err, "")
		_, _, err = s.Get(t.Context(), key, 1)
		wantVerdict(t, "Get", err, "")
		_, err = s.Create(t.Context(), key, bytes.NewReader([]byte("x")), 1)
		wantVerdict(t, "Create", err, "")
		wantVerdict(t, "Remove", s.Remove(t.Context(), key), "")
		if _, err := s.Open(fetch.Location{URL: s.URL() + "/" + key, Size: 1}); err == nil {
			t.Errorf("Open of key %q succeeds", key)
		}
	}
	_, err := s.Create(t.Context(), "negative", bytes.NewReader(nil), -1)
	wantVerdict(t, "Create of -1 bytes", err, "")
}

func testCancelled(t *testing.T, s fetch.Store) {
	loc := put(t, s, "object", Random(1000, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Stat(ctx, "object")
	wantCancelled(t, "Stat", err)
	_, _, err = s.Get(ctx, "object", 10)
	wantCancelled(t, "Get", err)
	_, err = s.Create(ctx, "other", bytes.NewReader(Random(1000, 1)), 1000)
	wantCancelled(t, "Create", err)
	_, err = s.Create(ctx, "large", bytes.NewReader(Random(LargeSize, 1)), LargeSize)
	wantCancelled(t, "large Create", err)
	wantCancelled(t, "Remove", s.Remove(ctx, "object"))
	wantCancelled(t, "ReadAt", open(t, s, loc).ReadAt(ctx, make([]byte, 10), 0))
	for _, err := range s.List(ctx, "") {
		wantCancelled(t, "List", err)
	}
	if got := keys(t, s, ""); len(got) != 1 || !got["object"] {
		t.Errorf("after cancelled calls the store holds %v, want only %q", got, "object")
	}
}
