package verify_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// TestIdentityOfTheWrongImage: a location without an identity takes none from bytes that are wrong, and
// keeps one whose bytes were right.
func TestIdentityOfTheWrongImage(t *testing.T) {
	right, wrong := fetchtest.Random(1000, 1), fetchtest.Random(1000, 2)
	built, err := manifest.Build(t.Context(), bytes.NewReader(right), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	noTree := func(context.Context, int64) (manifest.HashBlock, error) { return manifest.HashBlock{}, nil }
	blocks, err := verify.OpenRemote(built.Manifest, store, fetch.Location{URL: store.URL() + "/image"}, fetch.Location{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what    string
		content []byte
		want    error
	}{
		{"the wrong image", wrong, fetch.ErrCorrupt},
		{"the image in its place", right, nil},
		{"the wrong one in place of that", wrong, fetch.ErrOverwritten},
	} {
		// Renamed into place, so that it is another file.
		if err := os.WriteFile(filepath.Join(dir, "new"), c.content, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "image")); err != nil {
			t.Fatal(err)
		}
		if err := blocks.Leaves(t.Context(), 0, 1, noTree)[0].Err; !errors.Is(err, c.want) {
			t.Errorf("%s: Leaves = %v, want %v", c.what, err, c.want)
		}
	}
}
