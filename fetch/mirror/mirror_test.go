package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const leaf = manifest.LeafSize

// several are sources of one image behind an Object, each with its own faults.
type several struct {
	*verify.Object
	mirror *Mirror
	image  []byte
	faults []*fetchtest.Faults // of the leaves
	trees  []*fetchtest.Faults // of the hash blocks

	mu     sync.Mutex
	failed []string // what Failed was told, guarded by mu
}

const leaves = 40

func newSeveral(t *testing.T, n int, cfg Config) *several { return newCached(t, n, cfg, 1) }

// newCached is newSeveral with so many bytes of leaves in memory.
func newCached(t *testing.T, n int, cfg Config, cache int64) *several {
	t.Helper()
	s := &several{image: make([]byte, (leaves-1)*leaf+77)}
	rand.NewChaCha8([32]byte{1}).Read(s.image)
	built, err := manifest.Build(t.Context(), bytes.NewReader(s.image), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var sources []Source
	for i := range n {
		image, tree := new(fetchtest.Faults), new(fetchtest.Faults)
		s.faults, s.trees = append(s.faults, image), append(s.trees, tree)
		at := fetch.Location{URL: fmt.Sprintf("test://source%d", i)}
		sources = append(sources, Source{At: at, Blocks: verify.NewRemote(built.Manifest,
			image.Source(fetchtest.Memory(s.image)), tree.Source(fetchtest.Memory(built.Bytes())), at, at)})
	}
	cfg.Failed = func(at fetch.Location, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.failed = append(s.failed, at.URL+" "+string(fetch.VerdictOf(err)))
	}
	s.mirror = New(sources, cfg)
	s.Object = verify.New(built.Manifest, sources[0].At, s.mirror, verify.Config{CacheBytes: cache})
	return s
}

// read reads n bytes at off and compares them with the image.
func (s *several) read(t *testing.T, off, n int64) error {
	t.Helper()
	p := make([]byte, n)
	err := s.ReadAt(t.Context(), p, off)
	if err == nil && !bytes.Equal(p, s.image[off:off+n]) {
		t.Errorf("ReadAt(%d+%d) gave other bytes", off, n)
	}
	return err
}

func (s *several) reports() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.failed, ", ")
}

// must reads all of the image.
func (s *several) must(t *testing.T) {
	t.Helper()
	if err := s.read(t, 0, s.Size()); err != nil {
		t.Errorf("ReadAt = %v, want the image from another source", err)
	}
}

func failing(err error) func(context.Context, fetchtest.Read) error {
	return func(context.Context, fetchtest.Read) error { return err }
}

func verdictError(v fetch.Verdict) error { return fmt.Errorf("test: %w", v) }

// TestFailoverOnEveryVerdict has the first source fail in each way; the second serves at once.
func TestFailoverOnEveryVerdict(t *testing.T) {
	for _, v := range []fetch.Verdict{fetch.ErrOverwritten, fetch.ErrUnavailable, fetch.ErrDenied, fetch.ErrNotFound} {
		synctest.Test(t, func(t *testing.T) {
			s := newSeveral(t, 2, Config{})
			s.faults[0].Before = failing(verdictError(v))
			start := time.Now()
			s.must(t)
			if took := time.Since(start); took != 0 {
				t.Errorf("%s: the second source was asked after %v, want at once", v, took)
			}
			if got := s.reports(); !strings.Contains(got, "source0 "+string(v)) {
				t.Errorf("%s: reported %q", v, got)
			}
		})
	}
}

// TestFailoverOfCorruptLeaves flips a bit in one leaf of each source: every other leaf of a run comes
// from the first one.
func TestFailoverOfCorruptLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCached(t, 2, Config{}, 2*leaves*leaf)
		s.faults[0].After = fetchtest.FlipBit(5*leaf + 9)
		s.faults[1].After = fetchtest.FlipBit(7*leaf + 9)
		s.must(t)
		if n := s.faults[1].Reads(); n != 1 {
			t.Errorf("%d reads of the second source, want only the leaf that the first one has wrong", n)
		}
		if got := s.reports(); got != "test://source0 corrupt" {
			t.Errorf("reported %q", got)
		}
	})
}

// TestBadLeafHoldsNobodyBack has a bad leaf come along with right ones, while the other source is silent: who
// reads those before it does not wait.
func TestBadLeafHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCached(t, 2, Config{}, 40*leaf)
		s.faults[0].After = fetchtest.FlipBit(20*leaf + 9)
		s.faults[1].Before = silent
		start := time.Now()
		for index := range int64(20) {
			if err := s.read(t, index*leaf, leaf); err != nil {
				t.Errorf("leaf %d: %v", index, err)
			}
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("right leaves took %v, want no wait for the bad one", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := s.ReadAt(ctx, make([]byte, 1), 20*leaf); err == nil {
			t.Error("the bad leaf was served")
		}
		s.Close()
		s.mirror.Close()
	})
}

func TestFailoverOfHashBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.trees[0].After = fetchtest.FlipBit(manifest.DescriptorSize + 5)
		s.must(t)
		if s.faults[1].Reads() != 0 || s.trees[1].Reads() != 1 {
			t.Errorf("the second source was read %d times, its tree %d times, want 0 and 1", s.faults[1].Reads(), s.trees[1].Reads())
		}
	})
}

// TestAllAreCorrupt wants the verdict, with all sources in the message.
func TestAllAreCorrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		for _, f := range s.faults {
			f.After = fetchtest.FlipBit(3)
		}
		err := s.read(t, 0, 1)
		if !errors.Is(err, fetch.ErrCorrupt) || !strings.Contains(err.Error(), "source0") || !strings.Contains(err.Error(), "source1") {
			t.Errorf("ReadAt = %v, want corrupt at both sources", err)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("error of several lines: %q", err)
		}
		if got := s.reports(); got != "" {
			t.Errorf("reported %q, but the read itself failed", got)
		}
	})
}

func TestAllAreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{Rounds: retry.Config{Total: 10 * time.Second}})
		s.faults[0].Before = failing(verdictError(fetch.ErrUnavailable))
		s.faults[1].Before = failing(verdictError(fetch.ErrDenied))
		start := time.Now()
		err := s.read(t, 0, 1)
		if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "attempts") {
			t.Errorf("ReadAt = %v, want unavailable with the number of attempts", err)
		}
		if took := time.Since(start); took > 10*time.Second || s.faults[0].Reads() < 4 {
			t.Errorf("gave up after %v and %d reads", took, s.faults[0].Reads())
		}
	})
}

// TestOutageHeals has a single source come back.
func TestOutageHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 1, Config{})
		s.faults[0].Before = func(_ context.Context, r fetchtest.Read) error {
			if r.N < 7 {
				return verdictError(fetch.ErrUnavailable)
			}
			return nil
		}
		s.must(t)
	})
}

// TestPauseThatIsAskedFor is how long a busy server wants to be left alone.
func TestPauseThatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 1, Config{})
		s.faults[0].Before = func(_ context.Context, r fetchtest.Read) error {
			if r.N == 0 {
				return &fetch.RetryAfterError{After: 7 * time.Second, Err: verdictError(fetch.ErrUnavailable)}
			}
			return nil
		}
		start := time.Now()
		if err := s.read(t, 0, 1); err != nil || time.Since(start) < 7*time.Second || time.Since(start) > 8*time.Second {
			t.Errorf("ReadAt = %v after %v, want success soon after 7s", err, time.Since(start))
		}
	})
}

// TestShortestPauseCounts has one of two busy servers want to be left alone for a minute.
func TestShortestPauseCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.faults[0].Before = failing(&fetch.RetryAfterError{After: time.Minute, Err: verdictError(fetch.ErrUnavailable)})
		s.faults[1].Before = fetchtest.FailRead(0, verdictError(fetch.ErrUnavailable))
		start := time.Now()
		if err := s.read(t, 0, 1); err != nil || time.Since(start) > time.Second {
			t.Errorf("ReadAt = %v after %v, want the second server's answer", err, time.Since(start))
		}
	})
}

// TestPermanentFailureIsToldAtOnce is for a single source.
func TestPermanentFailureIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 1, Config{})
		overwritten := &fetch.OverwrittenError{Want: fetch.Location{URL: "test://source0", ETag: "a"}}
		s.faults[0].Before = failing(overwritten)
		for range 3 {
			if err := s.read(t, 0, 1); err != error(overwritten) || s.reports() != "" {
				t.Errorf("ReadAt = %v, reported %q, want the error untouched and no report", err, s.reports())
			}
		}
		s.faults[0].Before = nil
		s.must(t)
	})
}

// TestDownSourceIsPassedOver counts what a source that is down is still sent, and that it is used again
// when it is back.
func TestDownSourceIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.faults[0].Before = failing(verdictError(fetch.ErrUnavailable))
		for i := range int64(600) { // a minute and a half
			if err := s.read(t, i%leaves*leaf, 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(150 * time.Millisecond)
		}
		if n := s.faults[0].Reads(); n < 5 || n > 30 {
			t.Errorf("the source that is down was asked %d times in 600 reads", n)
		}
		s.faults[0].Before = nil
		time.Sleep(2 * longestRest)
		before := s.faults[1].Reads()
		for i := range int64(10) {
			if err := s.read(t, i*leaf, 1); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.faults[1].Reads() - before; n != 0 {
			t.Errorf("the second source was asked %d times although the first is back", n)
		}
	})
}

// TestRestEndsUnasked has the second source be down for one read, and nobody need it after that: it is
// well again when its rest is over.
func TestRestEndsUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{Rounds: retry.Config{Total: 5 * time.Second}})
		for _, f := range s.faults {
			f.Before = failing(verdictError(fetch.ErrUnavailable))
		}
		if err := s.read(t, 0, 1); err == nil {
			t.Fatal("a read succeeds although both are down")
		}
		if s.mirror.Health()[1].Until.IsZero() {
			t.Error("the second source is not passed over")
		}
		s.faults[0].Before, s.faults[1].Before = nil, nil
		for i := range int64(20) {
			time.Sleep(longestRest / 10)
			if err := s.read(t, i*leaf, 1); err != nil {
				t.Fatal(err)
			}
		}
		for i, h := range s.mirror.Health() {
			if !h.Until.IsZero() {
				t.Errorf("source %d is passed over until %v", i, h.Until)
			}
		}
	})
}

// silent makes reads wait until they are taken back.
func silent(ctx context.Context, _ fetchtest.Read) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestHedge has the first source fall silent: the second is asked as soon as the first has taken longer
// than it usually does, and the first is soon passed over.
func TestHedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.faults[0].Before = func(_ context.Context, r fetchtest.Read) error {
			if r.N < 2 {
				time.Sleep(10 * time.Millisecond) // the slowest one in twenty; more of them would tie with the hedge
			}
			time.Sleep(20 * time.Millisecond)
			return nil
		}
		for i := range int64(20) {
			if err := s.read(t, i*7%leaves*leaf, 1); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		s.faults[0].Before = silent
		for i, want := range []time.Duration{30 * time.Millisecond, 30 * time.Millisecond, 30 * time.Millisecond, 0} {
			start := time.Now()
			if err := s.read(t, int64(i)*9*leaf, 1); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("read %d of a silent source took %v, want %v", i, took, want)
			}
		}
		synctest.Wait()
		s.mirror.Close()
	})
}

// TestHedgePastTwoSilentSources has a third source serve while the first two are silent.
func TestHedgePastTwoSilentSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 3, Config{})
		s.faults[0].Before, s.faults[1].Before = silent, silent
		start := time.Now()
		if err := s.read(t, 0, 1); err != nil || time.Since(start) > 3*unknown {
			t.Errorf("ReadAt = %v after %v, want the third source's answer", err, time.Since(start))
		}
		synctest.Wait()
		s.mirror.Close()
	})
}

// TestCancelledRequestSaysNothing has readers give up: the source stays well.
func TestCancelledRequestSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.faults[0].Before = silent
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if err := s.ReadAt(ctx, make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
				t.Errorf("ReadAt = %v, want canceled", err)
			}
		}
		synctest.Wait()
		s.faults[0].Before = nil
		s.must(t)
		if n := s.faults[1].Reads(); n != 0 {
			t.Errorf("the second source was asked %d times", n)
		}
	})
}

// TestReplace puts a source that works in the place of one that was overwritten.
func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(t, 2, Config{})
		s.faults[0].Before = failing(verdictError(fetch.ErrOverwritten))
		s.must(t)
		s.mirror.Replace(0, s.mirror.members[1].source())
		before := s.faults[0].Reads()
		s.must(t)
		if s.faults[0].Reads() != before {
			t.Error("the source that was replaced is still asked")
		}
	})
}
