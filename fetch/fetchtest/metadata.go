package fetchtest

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// testMetadata: what is said of an object is told as it was said, whatever its size, and nothing else.
func testMetadata(t *testing.T, s fetch.Store) {
	a, ok := s.(fetch.Annotated)
	if !ok {
		return // it need not
	}
	said := map[string]string{"md5sum": "d41d8cd98f00b204e9800998ecf8427e", "made-by": "some one, with words"}
	for _, n := range []int{0, 1000, LargeSize} {
		key := fmt.Sprintf("said/%d", n)
		content := Random(n, 1)
		loc, err := a.CreateWith(t.Context(), key, bytes.NewReader(content), int64(n), said)
		if err != nil {
			t.Fatalf("CreateWith(%q): %v", key, err)
		}
		wantContent(t, s, key, content)
		if got, err := a.Metadata(t.Context(), loc); err != nil || !maps.Equal(got, said) {
			t.Errorf("Metadata(%+v) = %v, %v, want %v", loc, got, err, said)
		}
		_, err = a.CreateWith(t.Context(), key, bytes.NewReader(content), int64(n), said)
		wantVerdict(t, "second CreateWith", err, fetch.ErrConflict)
	}
	silent := put(t, s, "silent", Random(10, 1))
	if got, err := a.Metadata(t.Context(), silent); err != nil || len(got) != 0 {
		t.Errorf("Metadata of an object of which nothing was said = %v, %v", got, err)
	}
}

// testMetadataOfOther: what is said of one object is not taken for what is said of the next one there.
func testMetadataOfOther(t *testing.T, s fetch.Store) {
	a, ok := s.(fetch.Annotated)
	if !ok {
		return
	}
	said := map[string]string{"md5sum": "first"}
	loc, err := a.CreateWith(t.Context(), "object", bytes.NewReader(Random(1000, 1)), 1000, said)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, "object", Random(1000, 2))
	got, err := a.Metadata(t.Context(), loc)
	if loc.VersionID == "" {
		wantVerdict(t, "Metadata of an object that was overwritten", err, fetch.ErrOverwritten)
	} else if err == nil && !maps.Equal(got, said) || err != nil && fetch.VerdictOf(err) != fetch.ErrOverwritten {
		t.Errorf("Metadata of a version = %v, %v, want %v or overwritten", got, err, said)
	}
	_, err = a.Metadata(t.Context(), fetch.Location{URL: s.URL() + "/nothing", Size: 1})
	wantVerdict(t, "Metadata of nothing", err, fetch.ErrNotFound)
	if _, err := a.Metadata(t.Context(), fetch.Location{URL: "other://store/object", Size: 1}); err == nil {
		t.Error("Metadata of an object in another store succeeds")
	}
}
