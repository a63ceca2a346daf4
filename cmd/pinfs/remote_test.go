package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/verify"
)

// TestAllUploadedAgain: image and manifest are other objects with the same bytes, as after a restore
// from a backup. Nothing of either is in memory.
func TestAllUploadedAgain(t *testing.T) {
	r, dir := fileRemote(t)
	uploadAgain(t, dir)
	o := verify.New(r.m, r.Image, r, verify.Config{}) // without the head, which would have all of a small tree
	defer o.Close()
	if err := o.Scan(t.Context(), nil); !errors.Is(err, fetch.ErrOverwritten) {
		t.Fatalf("before anything is accepted: %v, want %v", err, fetch.ErrOverwritten)
	}

	var accepted []fetch.Location
	targets := r.targets(o, func(now fetch.Location) { accepted = append(accepted, now) })
	for range targets { // the image waits for the manifest
		for _, target := range targets {
			var changed *fetch.OverwrittenError
			if errors.As(target.Probe(t.Context()), &changed) {
				_ = target.Accept(t.Context(), changed.Got) // the next round tells
			}
		}
	}
	if len(accepted) != 2 {
		t.Errorf("accepted %v, want the image and the manifest", accepted)
	}
	if err := o.Scan(t.Context(), nil); err != nil {
		t.Errorf("after both are accepted: %v", err)
	}
}

// TestOtherManifest does not accept what is not the pinned manifest.
func TestOtherManifest(t *testing.T) {
	r, dir := fileRemote(t)
	manifest := filepath.Join(dir, r.Manifest.URL[len("file://"+dir):])
	size := int(r.m.FileSize())
	if err := errors.Join(os.Remove(manifest), os.WriteFile(manifest, fetchtest.Random(size, 3), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, target := range r.targets(nil, func(now fetch.Location) { t.Errorf("accepted %s", now) }) {
		var changed *fetch.OverwrittenError
		if !errors.As(target.Probe(t.Context()), &changed) {
			continue
		}
		if err := target.Accept(t.Context(), changed.Got); !errors.Is(err, fetch.ErrCorrupt) {
			t.Errorf("%s: %v, want %v", target.At, err, fetch.ErrCorrupt)
		}
	}
}

// fileRemote publishes an image to a store in dir and returns it as a mount has it.
func fileRemote(t *testing.T) (r *remote, dir string) {
	t.Helper()
	dir = t.TempDir()
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, fetchtest.Random(1<<20, 1), 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	result, err := publish.Publish(t.Context(), store, publish.Request{File: image, Name: "PE/a", Publisher: "me@here"})
	if err != nil {
		t.Fatal(err)
	}
	place, err := catalog.New(store).Resolve(t.Context(), "PE/a", result.Record.Pin)
	if err != nil {
		t.Fatal(err)
	}
	h, err := verify.ReadHead(context.WithoutCancel(t.Context()), store, place.Pin, place.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return &remote{a: new(app), m: h.Manifest, source: source{store.URL(), place.Image, h.At}}, dir
}

// uploadAgain replaces every file in dir by a copy.
func uploadAgain(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		p, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(path+".new", p, 0o644), os.Rename(path+".new", path))
	})
	if err != nil {
		t.Fatal(err)
	}
}
