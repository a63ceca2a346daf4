package manifest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBuildReaders: how the bytes arrive and how many workers there are changes nothing.
func TestBuildReaders(t *testing.T) {
	image := noise(2*chunkSize + 3*LeafSize + 7)
	want := build(t, image, 0).Pin()
	for _, workers := range []int{1, 2, 7} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"plain": func(r io.Reader) io.Reader { return r },
			"half":  iotest.HalfReader,
			"eof":   iotest.DataErrReader,
			"byte":  func(r io.Reader) io.Reader { return iotest.OneByteReader(r) },
		} {
			got, err := Build(context.Background(), wrap(bytes.NewReader(image)), BuildConfig{Workers: workers})
			if err != nil || got.Pin() != want {
				t.Errorf("Build(%s, %d workers) = %v, %v, want %s", name, workers, got, err, want)
			}
		}
	}
}

// asked remembers how much was asked for in each read.
type asked struct {
	io.Reader
	n []int
}

func (a *asked) Read(p []byte) (int, error) {
	a.n = append(a.n, len(p))
	return a.Reader.Read(p)
}

// TestBuildFeedsTee: another digest can be taken in the same pass, in large pieces.
func TestBuildFeedsTee(t *testing.T) {
	image := noise(3*chunkSize + 5)
	r, sum := &asked{Reader: bytes.NewReader(image)}, sha256.New()
	if _, err := Build(context.Background(), io.TeeReader(r, sum), BuildConfig{}); err != nil {
		t.Fatal(err)
	}
	if got, want := Hash(sum.Sum(nil)), Hash(sha256.Sum256(image)); got != want {
		t.Errorf("digest beside Build = %s, want %s", got, want)
	}
	if len(r.n) != 5 || r.n[0] != chunkSize {
		t.Errorf("reads of %d bytes, want 4 of %d and one for the end", r.n, chunkSize)
	}
}

// TestBuildFails: an error of the reader is the build's error, also one that looks like an end.
func TestBuildFails(t *testing.T) {
	broken := errors.New("broken")
	for _, cause := range []error{broken, io.ErrUnexpectedEOF} {
		for _, n := range []int{0, 1, chunkSize, chunkSize + 1} {
			r := io.MultiReader(bytes.NewReader(noise(n)), iotest.ErrReader(cause))
			if b, err := Build(context.Background(), r, BuildConfig{}); !errors.Is(err, cause) || b != nil {
				t.Errorf("Build(%d bytes, then %v) = %v, %v", n, cause, b, err)
			}
		}
	}
}

func TestBuildIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := io.MultiReader(bytes.NewReader(noise(chunkSize)), readFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil // for ever, but for the cancellation
	}))
	if _, err := Build(ctx, r, BuildConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Build of a cancelled context: %v, want %v", err, context.Canceled)
	}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestBuildConfig(t *testing.T) {
	for _, n := range []int{-1, 1, 2048, 4097, 131071, 2 << 20} {
		_, err := Build(context.Background(), strings.NewReader("x"), BuildConfig{LeafSize: n})
		if err == nil || !strings.Contains(err.Error(), "power of two") {
			t.Errorf("Build with leaf size %d: %v, want a refusal", n, err)
		}
	}
}
