package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestMountByPinCostsThreeRequests: the manifest's head with the top of the tree, the superblock, and
// the tables at the image's end; round trips are what a cold start on thousands of nodes waits for.
func TestMountByPinCostsThreeRequests(t *testing.T) {
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "noise"), fetchtest.Random(3<<20, 1), 0o644); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(squashtest.Make(t, tree, "-comp", "xz"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := manifest.Build(t.Context(), bytes.NewReader(image), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	server := fetchtest.NewS3(t)
	server.Put(record.ImageKey(built.Pin()), image)
	server.Put(record.ManifestKey(built.Pin()), built.Bytes())
	store, err := s3.New(s3.Config{Endpoint: server.Endpoint, Bucket: server.Bucket, AccessKey: "a", SecretKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer quietly(store)
	server.Requests()

	place, err := catalog.New(store).Resolve(t.Context(), "", built.Pin())
	if err != nil {
		t.Fatal(err)
	}
	o, err := verify.Open(t.Context(), store, place.Pin, place.Image, place.Manifest, verify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := openSquash(t.Context(), o, inside{}, squash.Config{}); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests(); len(got) != 3 {
		t.Errorf("%d requests, want 3:\n%s", len(got), strings.Join(got, "\n"))
	}
}
