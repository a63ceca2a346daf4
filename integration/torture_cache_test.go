package integration

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/cache"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/mirror"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// TestTortureWithCache is TestTorture with a cache that both workers share, and in which somebody
// damages, truncates and deletes files all the time.
func TestTortureWithCache(t *testing.T) {
	for _, bucket := range []string{"unversioned", "versioned"} {
		t.Run(bucket, func(t *testing.T) {
			x := newTorture(t, bucket == "versioned")
			x.cache = filepath.Join(t.TempDir(), "cache")
			x.run(t, x.openCached)
		})
	}
}

// openCached is open with mirror and cache before the store, as a mount has them.
func (x *torture) openCached(t testing.TB, store fetch.Store, at catalog.Place) *verify.Object {
	t.Helper()
	head, err := verify.ReadHead(t.Context(), store, at.Pin, at.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	remote, err := verify.OpenRemote(head.Manifest, store, at.Image, head.At)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := cache.Open(x.cache, cache.Config{Size: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	m := mirror.New([]mirror.Source{{At: at.Image, Blocks: remote}}, mirror.Config{Rounds: retry.Config{First: 5 * time.Millisecond, Total: 500 * time.Millisecond}})
	cached := dir.Image(head.Manifest, m)
	o := head.Object(at.Image, cached, verify.Config{CacheBytes: 256 << 10})
	t.Cleanup(func() { o.Close(); m.Close(); cached.Close(); dir.Close() })
	return o
}

// harmPace is how often the cache is damaged: several times while the object is replaced once.
const harmPace = torturePace / 8

// harm damages the cache until there were reads enough.
func (x *torture) harm() {
	pace := time.NewTicker(harmPace)
	defer pace.Stop()
	for x.more() {
		<-pace.C
		files, _ := filepath.Glob(filepath.Join(x.cache, "*", "*")) // none, right after all were deleted
		if len(files) == 0 {
			continue
		}
		name := files[rand.IntN(len(files))]
		switch rand.IntN(6) {
		case 0:
			_ = os.Remove(name)
		case 1:
			_ = os.RemoveAll(filepath.Dir(name))
		case 2:
			_ = os.Truncate(name, rand.Int64N(int64(len(x.want))))
		default:
			scribble(name)
		}
	}
}

// scribble overwrites a few bytes anywhere in a file. That it may be gone is part of the game.
func scribble(name string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return
	}
	p := make([]byte, 1+rand.IntN(5000))
	for i := range p {
		p[i] = byte(rand.Uint32())
	}
	_, _ = f.WriteAt(p, rand.Int64N(info.Size()))
}
