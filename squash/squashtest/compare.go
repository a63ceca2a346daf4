package squashtest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// CompareTrees compares everything at and below two directories: paths, lstat(2), targets of links,
// directories and their order, extended attributes and their order, contents.
func CompareTrees(t testing.TB, gotDir, wantDir string) {
	t.Helper()
	Compare(t, SnapshotDir(t, gotDir), SnapshotDir(t, wantDir))
}

// maxDifferences ends a comparison that would report the same mistake for each file.
const maxDifferences = 20

// Compare reports where two snapshots differ.
func Compare(t testing.TB, got, want Snapshot) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("there is nothing to compare with")
	}
	paths := maps.Clone(want)
	maps.Copy(paths, got)
	different := 0
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		g, inGot := got[path]
		w, inWant := want[path]
		if inGot == inWant && g == w {
			continue
		}
		t.Errorf("%q %s", path, difference(g, w, inGot, inWant))
		if different++; different == maxDifferences {
			t.Fatalf("%d differences, there may be more", different)
		}
	}
}

// difference says in which fields two nodes differ, or which of them is missing.
func difference(got, want Node, inGot, inWant bool) string {
	switch {
	case !inGot:
		return "is missing"
	case !inWant:
		return "should not be there"
	}
	var out []string
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for _, f := range reflect.VisibleFields(g.Type()) {
		if a, b := g.FieldByIndex(f.Index).Interface(), w.FieldByIndex(f.Index).Interface(); a != b {
			a, b = fromDifference(a, b)
			out = append(out, fmt.Sprintf("%s = %.200v, want %.200v", f.Name, a, b))
		}
	}
	return strings.Join(out, "; ")
}

// fromDifference shortens two long strings so that a message shows where they differ; it keeps
// everything else.
func fromDifference(a, b any) (any, any) {
	s, ok := a.(string)
	if !ok {
		return a, b
	}
	r, i := b.(string), 0
	for i < min(len(s), len(r)) && s[i] == r[i] {
		i++
	}
	i = max(i-50, 0)
	return strconv.Quote(s[i:]), strconv.Quote(r[i:])
}
