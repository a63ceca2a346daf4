package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const leaf = manifest.LeafSize

// sample is an image, its manifest and the source that it is read from where the cache has it not.
type sample struct {
	content []byte
	built   *manifest.Built
	faults  fetchtest.Faults // of the source, leaves and hash blocks
}

func newSample(t *testing.T, leaves int, seed byte) *sample { return sampleOf(t, leaves, leaf, seed) }

// sampleOf is newSample with leaves of another size.
func sampleOf(t *testing.T, leaves, leaf int, seed byte) *sample {
	t.Helper()
	s := &sample{content: make([]byte, leaves*leaf-77)}
	rand.NewChaCha8([32]byte{seed}).Read(s.content)
	var err error
	if s.built, err = manifest.Build(t.Context(), bytes.NewReader(s.content), manifest.BuildConfig{LeafSize: leaf}); err != nil {
		t.Fatal(err)
	}
	return s
}

// opened is a sample behind a cache and an Object that remembers nothing itself.
type opened struct {
	*verify.Object
	image *Image
	s     *sample
}

func (s *sample) open(t *testing.T, d *Dir) *opened {
	t.Helper()
	at := fetch.Location{URL: "test://image"}
	remote := verify.NewRemote(s.built.Manifest, s.faults.Source(fetchtest.Memory(s.content)), s.faults.Source(fetchtest.Memory(s.built.Bytes())), at, at)
	im := d.Image(s.built.Manifest, remote)
	o := verify.New(s.built.Manifest, at, im, verify.Config{CacheBytes: 1})
	t.Cleanup(func() { o.Close(); im.Close() })
	head, err := verify.NewHead(s.built.Pin(), s.built.Bytes()[:manifest.DescriptorSize])
	if err != nil {
		t.Fatal(err)
	}
	im.StoreHead(t.Context(), head)
	return &opened{o, im, s}
}

// read compares n bytes at off.
func (o *opened) read(t *testing.T, off, n int64) {
	t.Helper()
	p := make([]byte, n)
	if err := o.ReadAt(t.Context(), p, off); err != nil {
		t.Errorf("ReadAt(%d+%d) = %v", off, n, err)
	} else if !bytes.Equal(p, o.s.content[off:off+n]) {
		t.Errorf("ReadAt(%d+%d) gave other bytes", off, n)
	}
}

func (o *opened) all(t *testing.T) {
	t.Helper()
	o.read(t, 0, o.Size())
}

func newDir(t *testing.T, cfg Config) *Dir { return dirAt(t, filepath.Join(t.TempDir(), "cache"), cfg) }

func dirAt(t *testing.T, path string, cfg Config) *Dir {
	t.Helper()
	cfg.Free = 0.0001
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	d, err := Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// offline makes the source fail from now on.
func (s *sample) offline() {
	s.faults.Before = func(context.Context, fetchtest.Read) error { return fetch.ErrUnavailable }
}

func TestSecondReaderNeedsNoSource(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 200, 1)
	s.open(t, d).all(t)
	s.offline()
	again := s.open(t, dirAt(t, d.Path(), Config{})) // as after a restart
	again.all(t)
	if st := again.image.Stats(); st.Hits < again.Size() || st.Stored != 0 || st.Damaged != 0 {
		t.Errorf("stats %+v, want all of %d bytes from the cache", st, again.Size())
	}
	if m, err := d.Head(s.built.Pin()); err != nil || m.Size() != s.built.Size() {
		t.Errorf("Head = %v, %v", m, err)
	}
	if info := d.Info(s.built.Pin()); !info.Complete() || info.Disk < s.built.Size() {
		t.Errorf("Info = %+v, want a complete image", info)
	}
}

// TestPartOfAnImage has leaves here and there in the cache: only the others are fetched, in runs.
func TestPartOfAnImage(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 200, 1)
	o := s.open(t, d)
	for _, index := range []int64{3, 4, 70, 199} {
		o.read(t, index*leaf, 1)
	}
	before := s.faults.Reads()
	above := func(ctx context.Context, index int64) (parent manifest.HashBlock, err error) {
		for _, n := range s.built.Path(index) {
			if parent, err = o.image.Node(ctx, n, parent); err != nil {
				return parent, err
			}
		}
		return parent, nil
	}
	var stretches []int
	for i := int64(0); i < 200; {
		leaves := o.image.Leaves(t.Context(), i, int(200-i), above)
		stretches = append(stretches, len(leaves))
		for _, l := range leaves {
			p := make([]byte, l.Value.Len())
			if l.Value.CopyAt(p, 0); l.Err != nil || !bytes.Equal(p, s.content[i*leaf:min((i+1)*leaf, s.built.Size())]) {
				t.Errorf("leaf %d: %v or other bytes", i, l.Err)
			}
			i++
		}
	}
	if want := []int{3, 2, 65, 1, 128, 1}; !slices.Equal(stretches, want) {
		t.Errorf("stretches of %v leaves, want %v: what is there does not wait for what is not", stretches, want)
	}
	if n := s.faults.Reads() - before; n != 3 {
		t.Errorf("%d reads of the source, want one for each gap between what is there", n)
	}
}

// TestAllIsStored has several processes' worth of readers go through an image in different orders: every
// leaf that anybody has read is in the cache.
func TestAllIsStored(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 100, 1)
	var readers sync.WaitGroup
	for i := range int64(8) {
		o := s.open(t, dirAt(t, d.Path(), Config{}))
		readers.Go(func() {
			for index := range int64(100) {
				o.read(t, (index*7+i*13)%100*leaf, 1)
			}
		})
	}
	readers.Wait()
	if info := d.Info(s.built.Pin()); !info.Complete() {
		t.Errorf("Info = %+v, want a complete image", info)
	}
}

// small is the leaf size where many images are read.
const small = 4 << 10

// damages are ways in which somebody may harm the files of an image.
var damages = map[string]func(t *testing.T, dir string){
	"flipped bits in the image":    func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "image"), 5*small+3, 66*small) },
	"flipped bits in the manifest": func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "manifest"), 3, 300) },
	"flipped bits in the state":    func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "state"), 20, 50) },
	"wrong header":                 func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "state"), 2) },
	"wrong leaf size":              func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "state"), int64(headerSize)-1) },
	"image truncated":              func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "image"), 10*small+5) },
	"image empty":                  func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "image"), 0) },
	"manifest empty":               func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "manifest"), 0) },
	"state empty":                  func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "state"), 0) },
	"state of 8 TiB":               func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "state"), 8<<40) },
	"state cut short":              func(t *testing.T, dir string) { truncate(t, filepath.Join(dir, "state"), 30) },
	"image unlinked":               func(t *testing.T, dir string) { unlink(t, filepath.Join(dir, "image")) },
	"manifest unlinked":            func(t *testing.T, dir string) { unlink(t, filepath.Join(dir, "manifest")) },
	"state unlinked":               func(t *testing.T, dir string) { unlink(t, filepath.Join(dir, "state")) },
	"directory removed":            func(t *testing.T, dir string) { unlink(t, dir) },
	"cache removed":                func(t *testing.T, dir string) { unlink(t, filepath.Dir(dir)) },
	"image of zeros": func(t *testing.T, dir string) {
		truncate(t, filepath.Join(dir, "image"), 0)
		truncate(t, filepath.Join(dir, "image"), 70*small)
	},
}

func flip(t *testing.T, name string, offs ...int64) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range offs {
		b[off] ^= 0x10
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, name string, n int64) {
	t.Helper()
	if err := os.Truncate(name, n); err != nil {
		t.Fatal(err)
	}
}

func unlink(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}

// TestDamageHeals harms the files of an image, under a mount and between two: every read is right, and
// after it all is in the cache again.
func TestDamageHeals(t *testing.T) {
	for name, harm := range damages {
		for _, when := range []string{"under a mount", "between two"} {
			t.Run(name+" "+when, func(t *testing.T) {
				d, s := newDir(t, Config{}), sampleOf(t, 70, small, 1)
				o := s.open(t, d)
				o.all(t)
				harm(t, d.of(s.built.Pin()))
				if when == "between two" {
					d = dirAt(t, d.Path(), Config{})
					o = s.open(t, d)
				}
				o.all(t)
				if when == "between two" || !strings.Contains(name, "unlinked") && !strings.Contains(name, "removed") {
					s.open(t, d).all(t) // a mount that keeps hash blocks in memory does not look for damage in them
				}
				s.offline()
				s.open(t, dirAt(t, d.Path(), Config{})).all(t)
				if info := d.Info(s.built.Pin()); !info.Complete() {
					t.Errorf("Info = %+v, want a complete image", info)
				}
			})
		}
	}
}

func TestDamageIsCounted(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 70, 1)
	o := s.open(t, d)
	o.all(t)
	flip(t, filepath.Join(d.of(s.built.Pin()), "image"), 5*leaf+3, 66*leaf)
	c, err := d.Verify(t.Context(), s.built.Pin(), nil)
	if want := (Checked{Right: 68, Damaged: 2}); c != want || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v", c, err, want)
	}
	c, err = d.Verify(t.Context(), s.built.Pin(), nil)
	if want := (Checked{Right: 68}); c != want || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v: what was wrong has been dropped", c, err, want)
	}
}

// TestLimitHolds goes through more images than there is room for, and wants the last one to be there
// and the first ones to be gone.
func TestLimitHolds(t *testing.T) {
	const size = 32 << 20
	d := newDir(t, Config{Size: size})
	var samples []*sample
	for i := range 5 {
		s := newSample(t, 100, byte(i)) // 12.5 MiB
		samples = append(samples, s)
		o := s.open(t, d)
		for off := int64(0); off < o.Size(); off += leaf {
			o.read(t, off, 1)
			if used, err := d.used(); err != nil || used > size {
				t.Fatalf("the cache takes %d bytes, %v, want at most %d", used, err, size)
			}
			d.running.Wait()
		}
		age(t, d, s.built.Pin(), int64(1000*(5-i)))
	}
	first, last := d.Info(samples[0].built.Pin()), d.Info(samples[4].built.Pin())
	if first.Leaves != 0 || !last.Complete() {
		t.Errorf("of the first image %+v is there, of the last %+v", first, last)
	}
	samples[4].offline()
	samples[4].open(t, d).all(t)
}

// age makes all that is there of an image that much older, in seconds.
func age(t *testing.T, d *Dir, pin fetch.Pin, by int64) {
	t.Helper()
	f, err := openFiles(d.of(pin), pin, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for i, r := range d.records(pin) {
		r.used -= by
		if err := f.state.write(int64(i), r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPruneUnderReaders makes room all the time while others read: nothing is taken for damage.
func TestPruneUnderReaders(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 100, 1)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if _, err := d.prune(5 << 20); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var readers sync.WaitGroup
	for range 4 {
		o := s.open(t, d)
		readers.Go(func() {
			for i := range int64(400) {
				o.read(t, i*7%99*leaf, leaf)
			}
			if st := o.image.Stats(); st.Damaged != 0 {
				t.Errorf("%d leaves were taken for damaged", st.Damaged)
			}
		})
	}
	readers.Wait()
	close(done)
	wg.Wait()
}

// TestUnusableDirectory has the directory be a file, and one that can not be written: reads go on.
func TestUnusableDirectory(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 10, 1)
	unlink(t, d.Path())
	if err := os.WriteFile(d.Path(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := s.open(t, d)
	o.all(t)
	if o.image.disk.usable() {
		t.Error("a directory that is a file counts as usable")
	}
	if _, err := Open(d.Path(), Config{}); err == nil {
		t.Error("Open of a file succeeds")
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []Config{{Size: -1}, {Free: -0.1}, {Free: 1}} {
		if _, err := Open(t.TempDir(), cfg); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("Open with %+v = %v, want an error", cfg, err)
		}
	}
}

// TestComplete misses a single hash block: what is there can not all be verified offline.
func TestComplete(t *testing.T) {
	d, s := newDir(t, Config{}), sampleOf(t, 300, small, 1)
	o := s.open(t, d)
	if err := d.Complete(t.Context(), s.built.Pin()); err == nil || !strings.Contains(err.Error(), "0 of 300 leaves") {
		t.Errorf("before the image is there: %v, want how much is", err)
	}
	o.all(t)
	if err := d.Complete(t.Context(), s.built.Pin()); err != nil {
		t.Errorf("when all is there: %v", err)
	}
	flip(t, filepath.Join(d.of(s.built.Pin()), "manifest"), s.built.Path(299)[1].Off+5)
	if err := d.Complete(t.Context(), s.built.Pin()); err == nil || !strings.Contains(err.Error(), "pull it again") {
		t.Errorf("without a hash block: %v, want advice", err)
	}
}

// TestForgottenLeaves has records be damaged: what they told of is freed when room is needed.
func TestForgottenLeaves(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, state string){
		"damaged":   func(t *testing.T, state string) { flip(t, state, recordOff(0), recordOff(2)) },
		"cut short": func(t *testing.T, state string) { truncate(t, state, recordOff(1)) },
		"of 8 TiB":  func(t *testing.T, state string) { truncate(t, state, 8<<40) },
	} {
		t.Run(name, func(t *testing.T) {
			d, s := newDir(t, Config{}), newSample(t, 200, 1)
			s.open(t, d).all(t)
			dir := d.of(s.built.Pin())
			harm(t, filepath.Join(dir, "state"))
			if _, err := d.prune(1); err != nil {
				t.Fatal(err)
			}
			known := d.Info(s.built.Pin()).Leaves * leaf
			if taken := onDisk(filepath.Join(dir, "image")); taken > known+1<<20 {
				t.Errorf("the image takes %d bytes, its records tell of %d", taken, known)
			}
			s.open(t, d).all(t)
		})
	}
}

func TestNothingCached(t *testing.T) {
	d, s := newDir(t, Config{}), newSample(t, 10, 1)
	if _, err := d.Head(s.built.Pin()); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("Head of what is not there = %v", err)
	}
	if list, err := d.Images(); err != nil || len(list) != 0 {
		t.Errorf("Images of an empty cache = %v, %v", list, err)
	}
}
