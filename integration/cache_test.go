package integration

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestServerDownWithFullCache reads an image once, and then mounts and reads it without a server: by
// its pin alone and by name and pin.
func TestServerDownWithFullCache(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server, "PINFS_CACHE="+filepath.Join(t.TempDir(), "cache"), "PINFS_TIMEOUT=2s")
	p := publishTree(t, u, server)
	first := u.mount(p.ref)
	if o := p.read(t, first, "abcdefghijkl"); o.right != 12 {
		t.Fatalf("%+v, want all right", o)
	}
	if c := u.status(first).Cache; c == nil || c.Stored < 200<<20 || c.Damaged != 0 {
		t.Errorf("cache %+v, want all of the image stored", c)
	}
	u.ok("umount", first)
	server.Stop()
	dropCaches(t)
	for _, ref := range []string{p.ref, storeAt(p)} {
		dir := u.mount(ref)
		if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
			t.Errorf("%s without a server: %+v, want all right", ref, o)
		}
		d := u.status(dir)
		if d.State != status.Serving || d.VerifiedBytes == 0 || d.Cache.Stored != 0 {
			t.Errorf("status %+v, want serving from the cache", d)
		}
		u.ok("umount", dir)
	}
}

// storeAt is p without its name: STORE@PIN.
func storeAt(p published) string {
	return "s3://" + p.bucket + p.ref[len(p.ref)-len("@fsverity-sha256:")-64:]
}

// TestServerDownWithPartOfACache serves what it has, and the rest is EIO.
func TestServerDownWithPartOfACache(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server, "PINFS_CACHE="+filepath.Join(t.TempDir(), "cache"), "PINFS_TIMEOUT=1s")
	p := publishTree(t, u, server)
	first := u.mount(p.ref)
	p.read(t, first, "abc")
	u.ok("umount", first)
	server.Stop()
	dropCaches(t)
	dir := u.mount(p.ref)
	if o := p.read(t, dir, "abc"); o.right != 3 {
		t.Errorf("what was read before: %+v, want it right", o)
	}
	if o := p.read(t, dir, "l"); o.failed != 1 {
		t.Errorf("what was not read before: %+v, want EIO", o)
	}
	failure(t, u.status(dir), fetch.ErrUnavailable)
}

// TestDamagedCacheHeals harms the cache under a mount.
func TestDamagedCacheHeals(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	cache := filepath.Join(t.TempDir(), "cache")
	u := s3User(t, server, "PINFS_CACHE="+cache)
	p := publishTree(t, u, server)
	dir := u.mount(p.ref)
	p.read(t, dir, "abcdefghijkl")
	dropCaches(t)
	files, err := filepath.Glob(filepath.Join(cache, "*", "image"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v, want the cache of one image", files, err)
	}
	flip(t, files[0], 30<<20)
	for range 2 {
		if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
			t.Errorf("%+v, want all right", o)
		}
		dropCaches(t)
	}
	if d := u.status(dir); d.Cache.Damaged != 1 || d.State != status.Serving {
		t.Errorf("state %s, cache %+v, want serving and one block that was mended", d.State, d.Cache)
	}
}

// TestOtherSource overwrites the object in the store that the mount was given: the second store serves,
// and status tells of both.
func TestOtherSource(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	p := publishTree(t, u, server)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.MkdirAll(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	u.ok("publish", p.image, "file://"+copied+"//copy")
	image := filepath.Join(t.TempDir(), "plain.squashfs")
	run(t, "cp", p.image, image)
	other := p.other(t)
	web := httptest.NewServer(http.FileServer(http.Dir(copied)))
	t.Cleanup(web.Close)
	for _, source := range []string{"file://" + copied + "/", "file://" + image, web.URL + "/"} {
		dir := u.mount(p.ref, "--source", source)
		p.read(t, dir, "ab")
		if n := u.status(dir).Sources; len(n) != 2 || n[1].State != "used" {
			t.Errorf("sources %+v, want two", n)
		}
		p.overwrite(t, other)
		dropCaches(t)
		if o := p.read(t, dir, "abcdefghijkl"); o.right != 12 {
			t.Errorf("with %s: %+v, want all right from the other source", source, o)
		}
		d := u.status(dir)
		failure(t, d, fetch.ErrOverwritten)
		if d.Sources[0].State != "passed over" {
			t.Errorf("sources %+v, want the first one passed over", d.Sources)
		}
		u.ok("umount", dir)
		p.overwrite(t, p.image) // of the same bytes another object: by the pin alone it is read again
		p.ref = storeAt(p)
	}
}
