package integration

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestTorture reads a pinned image at random places while a writer replaces the object behind it five
// times a second. No read may ever give another byte, and each that fails must say why. What is pinned
// in a versioned bucket stays readable all the time.
//
// PINFS_TORTURE_READS is how many reads there are at least, half of them in each kind of bucket; default
// 10,000.
func TestTorture(t *testing.T) {
	for _, bucket := range []string{"unversioned", "versioned"} {
		t.Run(bucket, func(t *testing.T) { newTorture(t, bucket == "versioned").run(t, open) })
	}
}

// opener makes the image as one worker has it: what stands between the store and its readers.
type opener func(t testing.TB, store fetch.Store, at catalog.Place) *verify.Object

// open keeps next to nothing, so that nearly each read asks the store.
func open(t testing.TB, store fetch.Store, at catalog.Place) *verify.Object {
	t.Helper()
	o, err := verify.Open(t.Context(), store, at.Pin, at.Image, at.Manifest, verify.Config{CacheBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// torture is one bucket with an image that is read and replaced.
type torture struct {
	published
	u         *user
	versioned bool
	want      []byte        // the image
	least     int64         // reads
	done      chan struct{} // closed by the writer after its last step
	cache     string        // directory, "" for none

	reads     tally // through the packages
	fileReads tally // through a mount
	mounts    tally
}

const (
	tortureFiles   = 8
	tortureSize    = 8 << 20 // bytes of the files together
	tortureWorkers = 2
	tortureReaders = 3 // of each worker, beside the one that goes through the kernel
	torturePace    = 200 * time.Millisecond
)

func newTorture(t *testing.T, versioned bool) *torture {
	t.Helper()
	server := s3server.Start(t, s3server.Config{Versioning: versioned})
	u := s3User(t, server)
	tree := randomTree(t, tortureSize)
	x := &torture{
		published: publishImage(t, u, server, squashfs(t, tree)), u: u, versioned: versioned,
		least: tortureReads(t) / 2, done: make(chan struct{}),
	}
	x.tree, x.want = tree, content(t, x.image)
	return x
}

func tortureReads(t *testing.T) int64 {
	t.Helper()
	s := os.Getenv("PINFS_TORTURE_READS")
	if s == "" {
		return 10_000
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatalf("PINFS_TORTURE_READS: %v", err)
	}
	return n
}

// randomTree is a directory of files that have size bytes together.
func randomTree(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range tortureFiles {
		write(t, filepath.Join(dir, "file"+strconv.Itoa(i)), size/tortureFiles)
	}
	return dir
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run lets a writer and the readers loose until there were reads enough.
func (x *torture) run(t *testing.T, open opener) {
	w := newReplacer(t, x.published)
	store := x.store(t)
	at := x.place(t, store)
	var objects []*verify.Object
	for range tortureWorkers {
		objects = append(objects, open(t, store, at))
	}
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { x.write(t, w) })
	if x.cache != "" {
		group.Go(x.harm)
	}
	for _, o := range objects {
		for range tortureReaders {
			group.Go(func() { x.read(t, o) })
		}
	}
	x.readMounts(t)
	group.Wait()
	x.check(t, w)
	if x.versioned {
		x.withoutPinnedVersion(t, objects, at.Image)
	} else {
		x.withRightBytes(t, objects, w)
	}
	t.Logf("\nthe object was replaced %d times\nreads:              %v\nreads of a mount:   %v\nmounts:             %v",
		w.steps, &x.reads, &x.fileReads, &x.mounts)
}

func (x *torture) store(t *testing.T) fetch.Store {
	t.Helper()
	store, err := s3.New(s3.Config{
		Endpoint: x.server.Endpoint, Bucket: x.bucket, AccessKey: x.server.AccessKey, SecretKey: s3.Secret(x.server.SecretKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	return retry.NewStore(store, retry.Config{First: 5 * time.Millisecond, Total: 500 * time.Millisecond})
}

func (x *torture) place(t *testing.T, store fetch.Store) catalog.Place {
	t.Helper()
	ref, err := record.ParseReference(x.ref)
	if err != nil {
		t.Fatal(err)
	}
	at, err := catalog.New(store).Resolve(t.Context(), ref.Name, ref.Pin)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// write replaces the object until there were reads enough, and in each way at least once.
func (x *torture) write(t *testing.T, w *replacer) {
	defer close(x.done)
	pace := time.NewTicker(torturePace)
	defer pace.Stop()
	for !t.Failed() && (w.steps == 0 || x.reads.count()+x.fileReads.count() < x.least) {
		if err := w.round(pace.C); err != nil {
			t.Errorf("the writer can not go on: %v", err)
			return
		}
	}
}

// more says whether the readers go on.
func (x *torture) more() bool {
	select {
	case <-x.done:
		return false
	default:
		return true
	}
}

// check looks at what was counted. In the unversioned bucket, without a cache, there must have been
// everything, or the readers and the writer did not meet.
func (x *torture) check(t *testing.T, w *replacer) {
	t.Helper()
	for what, c := range map[string]*tally{"reads": &x.reads, "reads of a mount": &x.fileReads, "mounts": &x.mounts} {
		if c.right == 0 || x.versioned && len(c.failed) > 0 {
			t.Errorf("%s: %v", what, c)
		}
		for v := range c.failed {
			if v != fetch.ErrOverwritten && v != fetch.ErrCorrupt && v != fetch.ErrUnavailable {
				t.Errorf("%s: %v; nobody did anything that is %q", what, c, v)
			}
		}
	}
	if x.versioned || x.cache != "" {
		return
	}
	if x.reads.failed[fetch.ErrOverwritten] == 0 || (x.reads.failed[fetch.ErrCorrupt] > 0) != w.canDamage() {
		t.Errorf("reads: %v; want some that met an overwritten object and, if the writer damages it, some a damaged one", &x.reads)
	}
}

// withRightBytes: when the published bytes are back, all of them can be read by whoever has the image open.
func (x *torture) withRightBytes(t *testing.T, objects []*verify.Object, w *replacer) {
	t.Helper()
	if err := w.right(); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		p := make([]byte, len(x.want))
		if err := o.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, x.want) {
			t.Errorf("with the right bytes in their place again, ReadAt = %v, equal %v", err, bytes.Equal(p, x.want))
		}
	}
}

// withoutPinnedVersion: it was the pinned version that made all reads succeed.
func (x *torture) withoutPinnedVersion(t *testing.T, objects []*verify.Object, at fetch.Location) {
	t.Helper()
	err := stranger(t, x.server).RemoveObject(t.Context(), x.bucket, x.key, minio.RemoveObjectOptions{VersionID: at.VersionID})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(x.cache); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := o.ReadAt(t.Context(), make([]byte, len(x.want)), 0); !errors.Is(err, fetch.ErrOverwritten) {
			t.Errorf("with the pinned version deleted, ReadAt = %v, want overwritten", err)
		}
	}
}
