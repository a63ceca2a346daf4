package fetchtest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// memory is a Source of bytes in memory.
type memory []byte

func (m memory) Size() int64 { return int64(len(m)) }

func (m memory) ReadAt(ctx context.Context, p []byte, off int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if off < 0 || off > m.Size()-int64(len(p)) {
		return errors.New("outside")
	}
	copy(p, m[off:])
	return nil
}

func TestFaultless(t *testing.T) {
	content := Random(1000, 1)
	var f Faults
	TestSource(t, f.Source(memory(content)), content)
	if f.Reads() == 0 {
		t.Error("Reads() = 0 after reads")
	}
}

func TestFaults(t *testing.T) {
	content := Random(100, 1)
	f := &Faults{Before: FailRead(1, fetch.ErrUnavailable), After: FlipBit(50)}
	src := f.Source(memory(content))
	p := make([]byte, 20)
	if err := src.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, content[:20]) {
		t.Errorf("first read = %v, want the right bytes", err)
	}
	if err := src.ReadAt(t.Context(), p, 0); !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("second read = %v, want the fault", err)
	}
	if err := src.ReadAt(t.Context(), p, 40); err != nil || p[10] != content[50]^1 {
		t.Errorf("third read = %v with byte 50 = %#x, want %#x", err, p[10], content[50]^1)
	}
	f.After = ZeroTail
	if err := src.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p[10:], make([]byte, 10)) || p[0] != content[0] {
		t.Errorf("fourth read = %v, want its second half zero", err)
	}
}
