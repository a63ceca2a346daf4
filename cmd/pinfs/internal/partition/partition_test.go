package partition

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// memory is a source of bytes at hand; err, if set, is what all reads give.
type memory struct {
	b   []byte
	err error
}

func (m *memory) Size() int64 { return int64(len(m.b)) }

func (m *memory) ReadAt(_ context.Context, p []byte, off int64) error {
	if m.err == nil {
		copy(p, m.b[off:])
	}
	return m.err
}

// disk is an image of 4 MiB of random bytes that sfdisk has partitioned.
func disk(t *testing.T, script string) *memory {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk")
	b := make([]byte, 4<<20)
	_, _ = rand.Read(b[1<<20 : 3<<20])
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sfdisk", "--quiet", name)
	c.Stdin = strings.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return &memory{b: b}
}

func TestOpen(t *testing.T) {
	for _, label := range []string{"gpt", "dos"} {
		d := disk(t, "label: "+label+"\nstart=2048,size=1024\nstart=4096,size=512\n")
		for number, want := range map[int][]byte{1: d.b[2048*512:][:1024*512], 2: d.b[4096*512:][:512*512]} {
			p, err := Open(t.Context(), d, number)
			if err != nil {
				t.Fatalf("%s: Open(%d) = %v", label, number, err)
			}
			got := make([]byte, p.Size())
			if err := p.ReadAt(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: partition %d: %d bytes, %v, want the %d that sfdisk put there", label, number, len(got), err, len(want))
			}
			if err := p.ReadAt(t.Context(), make([]byte, 2), p.Size()-1); err == nil {
				t.Errorf("%s: a read past the end of partition %d succeeds", label, number)
			}
		}
		for _, number := range []int{0, 3, -1} {
			if _, err := Open(t.Context(), d, number); !errors.Is(err, fetch.ErrNotFound) {
				t.Errorf("%s: Open(%d) = %v, want not found", label, number, err)
			}
		}
	}
}

func TestNoTable(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 1024, 1 << 20} {
		if _, err := Open(t.Context(), &memory{b: make([]byte, n)}, 1); !errors.Is(err, fetch.ErrMalformed) && !errors.Is(err, fetch.ErrNotFound) {
			t.Errorf("Open of %d zeros = %v, want malformed", n, err)
		}
	}
}

func TestErrorOfTheSource(t *testing.T) {
	d := &memory{make([]byte, 1<<20), fetch.ErrOverwritten}
	if _, err := Open(t.Context(), d, 1); !errors.Is(err, fetch.ErrOverwritten) || errors.Is(err, fetch.ErrMalformed) {
		t.Errorf("Open = %v, want the source's own error", err)
	}
}

func TestPartitionOutsideTheImage(t *testing.T) {
	d := disk(t, "label: dos\nstart=2048,size=1024\nstart=4096,size=512\n")
	d.b = d.b[:2100*512]
	if _, err := Open(t.Context(), d, 1); !errors.Is(err, fetch.ErrMalformed) {
		t.Errorf("Open = %v, want malformed", err)
	}
}

func TestTableThatClaimsTooMuch(t *testing.T) {
	for _, at := range []func(b []byte) []byte{
		func(b []byte) []byte { return b[512:] },        // the header
		func(b []byte) []byte { return b[len(b)-512:] }, // its backup
	} {
		d := disk(t, "label: gpt\nstart=2048,size=1024\n")
		header := at(d.b)
		copy(header[80:], []byte{0xff, 0xff, 0xff, 0x0f, 0, 1, 0, 0}) // 2^28 entries of 256 bytes
		if _, err := Open(t.Context(), d, 1); !errors.Is(err, fetch.ErrMalformed) || !strings.Contains(err.Error(), "entries") {
			t.Errorf("Open = %v, want malformed before anything is allocated", err)
		}
	}
}

// FuzzOpen: whatever the table says, no panic and no partition outside the image.
func FuzzOpen(f *testing.F) {
	f.Add(make([]byte, 4096), 1)
	f.Fuzz(func(t *testing.T, b []byte, number int) {
		p, err := Open(t.Context(), &memory{b: b}, number)
		if err != nil {
			return
		}
		if p.Size() > int64(len(b)) {
			t.Fatalf("partition of %d bytes in an image of %d", p.Size(), len(b))
		}
		if err := p.ReadAt(t.Context(), make([]byte, p.Size()), 0); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}
