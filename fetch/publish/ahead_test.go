package publish

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pinfs/pinfs/fetch/fetchtest"
)

func TestAhead(t *testing.T) {
	for _, n := range []int{0, 1, aheadChunk, aheadChunk + 1, 7*aheadChunk - 1} {
		content := fetchtest.Random(n, 1)
		r := newAhead(t.Context(), fetchtest.Memory(content))
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: read %d, %v", n, len(got), err)
		}
		r.Close()
	}
	content := fetchtest.Random(aheadChunk+100, 1)
	r := newAhead(t.Context(), fetchtest.Memory(content))
	defer r.Close()
	if err := iotest.TestReader(io.MultiReader(r), content); err != nil {
		t.Error(err)
	}
}

// broken fails from an offset on.
type broken struct {
	fetchtest.Memory
	bad int64
}

var errBroken = errors.New("the line is cut")

func (b broken) ReadAt(ctx context.Context, p []byte, off int64) error {
	if off >= b.bad {
		return errBroken
	}
	return b.Memory.ReadAt(ctx, p, off)
}

func TestAheadFails(t *testing.T) {
	r := newAhead(t.Context(), broken{make([]byte, 9*aheadChunk), 3 * aheadChunk})
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, errBroken) || n != 3*aheadChunk {
		t.Errorf("read %d bytes, %v, want all before the fault and the fault", n, err)
	}
	r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r = newAhead(ctx, fetchtest.Memory(make([]byte, 100*aheadChunk)))
	cancel()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: read %d bytes, %v", n, err)
	}
	r.Close()
}
