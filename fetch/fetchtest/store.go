// Package fetchtest holds stores and sources to their contract and injects the faults that code
// above them must survive.
package fetchtest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// LargeSize is the size in bytes of the suite's large object. A store that uploads in parts should
// be configured with smaller parts, so that the suite sees several of them.
const LargeSize = 13<<20 + 4321

// pagedEntries is more than one page of any server's listing.
const pagedEntries = 1005

// TestStore runs the contract of fetch.Store. Each test gets an empty store from newStore, which
// registers its own clean-up.
func TestStore(t *testing.T, newStore func(t *testing.T) fetch.Store) {
	for name, test := range map[string]func(*testing.T, fetch.Store){
		"Create":           testCreate,
		"CreateConflict":   testCreateConflict,
		"CreateConcurrent": testCreateConcurrent,
		"CreateLarge":      testCreateLarge,
		"CreateBrokenBody": testCreateBrokenBody,
		"CreateAgain":      testCreateAgain,
		"Get":              testGet,
		"NotFound":         testNotFound,
		"Remove":           testRemove,
		"Keys":             testKeys,
		"BadKeys":          testBadKeys,
		"ListOrder":        testListOrder,
		"ListPages":        testListPages,
		"ListModified":     testListModified,
		"ListStops":        testListStops,
		"Cancelled":        testCancelled,
		"Source":           testStoreSource,
		"SourceEmpty":      testSourceEmpty,
		"SourceForeign":    testSourceForeign,
		"Overwritten":      testOverwritten,
		"WrongSize":        testWrongSize,
		"Learned":          testLearned,
		"Gone":             testGone,
		"Metadata":         testMetadata,
		"MetadataOfOther":  testMetadataOfOther,
	} {
		t.Run(name, func(t *testing.T) { test(t, newStore(t)) })
	}
}

// Random returns n bytes that depend on seed alone.
func Random(n int, seed uint64) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	p := make([]byte, n)
	rand.NewChaCha8(key).Read(p)
	return p
}

// put creates the object and fails the test if that fails.
func put(t *testing.T, s fetch.Store, key string, content []byte) fetch.Location {
	t.Helper()
	loc, err := s.Create(t.Context(), key, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("Create(%q, %d bytes): %v", key, len(content), err)
	}
	return loc
}

// Overwriter is what a store under test adds when it can do what fetch.Store forbids: to replace an
// object as a foreign program would. For other stores the suite removes the object and creates it.
type Overwriter interface {
	Overwrite(ctx context.Context, key string, content []byte) (fetch.Location, error)
}

// Contested is what a store under test adds whose server is known to let several win who create an object
// of some size at the same time. Whoever loses is still told so, and what is stored is a winner's.
type Contested interface {
	Exclusive(size int64) bool // that at most one of them wins
}

func exclusive(s fetch.Store, size int) bool {
	c, ok := s.(Contested)
	return !ok || c.Exclusive(int64(size))
}

// overwrite puts other content where an object is.
func overwrite(t *testing.T, s fetch.Store, key string, content []byte) fetch.Location {
	t.Helper()
	if o, ok := s.(Overwriter); ok {
		loc, err := o.Overwrite(t.Context(), key, content)
		if err != nil {
			t.Fatalf("Overwrite(%q): %v", key, err)
		}
		return loc
	}
	if err := s.Remove(t.Context(), key); err != nil {
		t.Fatalf("Remove(%q): %v", key, err)
	}
	return put(t, s, key, content)
}

// open opens loc and fails the test if that fails.
func open(t *testing.T, s fetch.Store, loc fetch.Location) fetch.Source {
	t.Helper()
	src, err := s.Open(loc)
	if err != nil {
		t.Fatalf("Open(%+v): %v", loc, err)
	}
	return src
}

// wantContent reads the whole object at key.
func wantContent(t *testing.T, s fetch.Store, key string, want []byte) {
	t.Helper()
	got, loc, err := s.Get(t.Context(), key, int64(len(want))+1)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	if !bytes.Equal(got, want) || loc.Size != int64(len(want)) {
		t.Fatalf("Get(%q) = %d bytes of an object of %d, want exactly the %d created", key, len(got), loc.Size, len(want))
	}
}

// wantVerdict fails unless err carries want; "" means an error without a verdict.
func wantVerdict(t *testing.T, call string, err error, want fetch.Verdict) {
	t.Helper()
	if err == nil || fetch.VerdictOf(err) != want {
		t.Errorf("%s = %v, want an error with verdict %q", call, err, want)
	}
}

// wantCancelled fails unless err is the context's and nothing else.
func wantCancelled(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) || fetch.VerdictOf(err) != "" {
		t.Errorf("%s = %v, want context.Canceled without a verdict", call, err)
	}
}
