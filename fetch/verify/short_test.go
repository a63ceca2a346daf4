package verify

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/pinfs/pinfs/fetch/manifest"
)

// short is an Origin that answers with three leaves at most.
type short struct {
	Origin

	mu    sync.Mutex // guards asked
	asked []int
}

func (s *short) Leaves(ctx context.Context, index int64, n int, above Above) []Leaf {
	s.mu.Lock()
	s.asked = append(s.asked, n)
	s.mu.Unlock()
	return s.Origin.Leaves(ctx, index, min(n, 3), above)
}

// TestShortAnswers reads in order from an origin that stops before it has what was asked for: the runs
// asked for grow all the same.
func TestShortAnswers(t *testing.T) {
	o, image, _ := object(t, 20*leaf, Config{RunBytes: 8 * leaf})
	s := &short{Origin: o.origin}
	o.origin = s
	for off := int64(0); off < o.Size(); off += leaf {
		p := make([]byte, leaf)
		if err := o.ReadAt(t.Context(), p, off); err != nil || !bytes.Equal(p, image.b[off:][:leaf]) {
			t.Fatalf("leaf %d: %v or other bytes", off/leaf, err)
		}
	}
	if s.asked[0] != 1 || s.asked[1] != 2 || s.asked[2] != 4 || s.asked[3] != 8 || s.asked[4] != 8 {
		t.Errorf("runs of %v leaves were asked for, want 1, 2, 4, 8, 8, ...", s.asked)
	}
	p := make([]byte, o.Size())
	if err := o.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, image.b) {
		t.Errorf("all at once: %v or other bytes", err)
	}
}

// TestWaitingBehindAShortAnswer has a reader wait for a leaf that a fetch of somebody else's was going
// to bring, and does not.
func TestWaitingBehindAShortAnswer(t *testing.T) {
	o, image, _ := object(t, 8*leaf, Config{})
	o.origin = &short{Origin: o.origin}
	synctest.Test(t, func(t *testing.T) {
		image.gate = make(chan struct{})
		var readers sync.WaitGroup
		for _, r := range [][2]int64{{0, 8 * leaf}, {5 * leaf, leaf}} {
			readers.Go(func() {
				p := make([]byte, r[1])
				if err := o.ReadAt(context.Background(), p, r[0]); err != nil || !bytes.Equal(p, image.b[r[0]:][:r[1]]) {
					t.Errorf("%d+%d: %v or other bytes", r[0], r[1], err)
				}
			})
			synctest.Wait()
		}
		close(image.gate)
		readers.Wait()
		o.Close()
	})
}

// TestHeadHasNothingUnverified takes a root along only if it is right.
func TestHeadHasNothingUnverified(t *testing.T) {
	b := bytes.Repeat([]byte{1}, 5*leaf)
	built, err := manifest.Build(t.Context(), bytes.NewReader(b), manifest.BuildConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		harm func(p []byte) []byte
		want int
	}{
		"right": {func(p []byte) []byte { return p }, len(built.Bytes())},
		"wrong": {func(p []byte) []byte { p[manifest.DescriptorSize+1]++; return p }, manifest.DescriptorSize},
		"short": {func(p []byte) []byte { return p[:len(p)-1] }, manifest.DescriptorSize},
	} {
		h, err := NewHead(built.Pin(), test.harm(bytes.Clone(built.Bytes())))
		if err != nil || len(h.Bytes()) != test.want {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(h.Bytes()), err, test.want)
		}
	}
}
