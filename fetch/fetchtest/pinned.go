package fetchtest

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// testOverwritten: a pinned source never reads other bytes, be they of the same size. Where the
// store keeps versions it may go on reading the pinned one.
func testOverwritten(t *testing.T, s fetch.Store) {
	first := Random(1000, 1)
	loc := put(t, s, "object", first)
	src := open(t, s, loc)
	wantRange(t, src, first, 0, 500)
	for _, second := range [][]byte{Random(1000, 2), Random(999, 3), Random(2000, 4)} {
		now := overwrite(t, s, "object", second)
		for _, reader := range []fetch.Source{src, open(t, s, loc)} {
			wantPinned(t, reader, loc, now, first)
		}
		wantRange(t, open(t, s, now), second, 0, now.Size)
	}
}

// wantPinned reads an object that was overwritten: the old bytes or an OverwrittenError.
func wantPinned(t *testing.T, src fetch.Source, pinned, now fetch.Location, old []byte) {
	t.Helper()
	p := make([]byte, 500)
	err := src.ReadAt(t.Context(), p, 500)
	if err == nil && pinned.VersionID != "" && bytes.Equal(p, old[500:]) {
		return
	}
	wantVerdict(t, "ReadAt of an overwritten object", err, fetch.ErrOverwritten)
	var o *fetch.OverwrittenError
	if !errors.As(err, &o) || o.Want.ETag != pinned.ETag || !o.Gone && o.Got.ETag != now.ETag {
		t.Errorf("ReadAt of an overwritten object = %v, want ETag %s as pinned and %s as found", err, pinned.ETag, now.ETag)
	}
}

// testWrongSize: a location whose size is not the object's is no location of it.
func testWrongSize(t *testing.T, s fetch.Store) {
	loc := put(t, s, "object", Random(1000, 1))
	for _, size := range []int64{1, 999, 1001} {
		wrong := loc
		wrong.Size = size
		err := open(t, s, wrong).ReadAt(t.Context(), make([]byte, 1), 0)
		wantVerdict(t, "ReadAt with a wrong size", err, fetch.ErrOverwritten)
	}
}

// testLearned: without an ETag the first answer pins the source.
func testLearned(t *testing.T, s fetch.Store) {
	first, second := Random(1000, 1), Random(1000, 2)
	loc := put(t, s, "object", first)
	bare := fetch.Location{URL: loc.URL, Size: loc.Size}
	src, unread := open(t, s, bare), open(t, s, bare)
	TestSource(t, src, first)
	now := overwrite(t, s, "object", second)
	wantPinned(t, src, loc, now, first)
	TestSource(t, unread, second)
	testFirstAnswers(t, s, bare)
}

// testFirstAnswers lets the first reads of a source race with an overwrite: all that succeed must
// be of one version.
func testFirstAnswers(t *testing.T, s fetch.Store, bare fetch.Location) {
	t.Helper()
	src := open(t, s, bare)
	results := make([][]byte, 8)
	var readers sync.WaitGroup
	for i := range results {
		readers.Go(func() {
			p := make([]byte, bare.Size)
			if err := src.ReadAt(t.Context(), p, 0); err == nil {
				results[i] = p
			}
		})
	}
	overwrite(t, s, "object", Random(int(bare.Size), 3))
	readers.Wait()
	var seen []byte
	for _, p := range results {
		if seen == nil {
			seen = p
		}
		if p != nil && !bytes.Equal(p, seen) {
			t.Error("one source returned bytes of two versions")
		}
	}
}

func testGone(t *testing.T, s fetch.Store) {
	loc := put(t, s, "object", Random(1000, 1))
	src := open(t, s, loc)
	if err := s.Remove(t.Context(), "object"); err != nil {
		t.Fatal(err)
	}
	err := src.ReadAt(t.Context(), make([]byte, 10), 0)
	var o *fetch.OverwrittenError
	if !errors.As(err, &o) || !o.Gone || o.Want != loc {
		t.Errorf("ReadAt of a removed object = %v, want an OverwrittenError that says gone", err)
	}
}
