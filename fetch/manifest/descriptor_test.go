package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

// TestParseRefuses damages one field of a good descriptor and pins the result.
func TestParseRefuses(t *testing.T) {
	good := build(t, noise(3*smallLeaf), smallLeaf).Bytes()[:DescriptorSize]
	empty := build(t, nil, 0).Bytes()
	for _, c := range []struct {
		what   string
		d      []byte
		off    int
		b      byte
		reason string
	}{
		{"version", good, 0, 2, "version 2"},
		{"algorithm", good, 1, 2, "hash algorithm 2"},
		{"block size 2 KiB", good, 2, 11, "2^11"},
		{"block size 2 MiB", good, 2, 21, "2^21"},
		{"block size 2^255", good, 2, 255, "2^255"},
		{"salt size", good, 3, 32, "salt"},
		{"signature", good, 4, 1, "signature"},
		{"negative size", good, 15, 0x80, "beyond"},
		{"root's second half", good, 48, 1, "reserved"},
		{"salt", good, 80, 1, "reserved"},
		{"last reserved byte", good, 255, 1, "reserved"},
		{"root of nothing", empty, 16, 1, "empty image"},
	} {
		d := slices.Clone(c.d)
		d[c.off] = c.b
		_, err := Parse(sha256.Sum256(d), d)
		if !errors.Is(err, fetch.ErrMalformed) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("Parse(%s) = %v, want %v: ...%s", c.what, err, fetch.ErrMalformed, c.reason)
		}
	}
	for _, n := range []int{0, 1, 255} {
		if _, err := Parse(sha256.Sum256(good[:n]), good[:n]); !errors.Is(err, fetch.ErrMalformed) {
			t.Errorf("Parse(%d pinned bytes) = %v, want %v", n, err, fetch.ErrMalformed)
		}
		if _, err := Parse(sha256.Sum256(good), good[:n]); !errors.Is(err, fetch.ErrCorrupt) {
			t.Errorf("Parse(first %d bytes) = %v, want %v", n, err, fetch.ErrCorrupt)
		}
	}
}

// TestParseLargest: the size in a descriptor is a claim and costs nothing.
func TestParseLargest(t *testing.T) {
	d := appendDescriptor(nil, math.MaxInt64, minLogLeaf, Hash{1})
	var m *Manifest
	var err error
	allocs := testing.AllocsPerRun(10, func() { m, err = Parse(sha256.Sum256(d), d) })
	if err != nil || allocs > 16 {
		t.Fatalf("Parse(2^63 - 1 bytes) = %v with %v allocations", err, allocs)
	}
	path := m.Path(m.Leaves() - 1)
	if len(path) != 8 || path[7].Off+smallLeaf != m.FileSize() {
		t.Errorf("last leaf's path %v in %d bytes, want 8 levels that end the file", path, m.FileSize())
	}
	if off, n := m.LeafRange(m.Leaves() - 1); off+int64(n) != math.MaxInt64 {
		t.Errorf("last leaf is %d at %d", n, off)
	}
}

func FuzzParse(f *testing.F) {
	for _, size := range []int{0, 1, 5 * smallLeaf, LeafSize + 1} {
		f.Add(build(f, noise(size), smallLeaf).Bytes()[:DescriptorSize])
	}
	f.Add(appendDescriptor(nil, math.MaxInt64, maxLogLeaf, Hash{1}))
	f.Fuzz(func(t *testing.T, d []byte) {
		m, err := Parse(sha256.Sum256(d), d)
		if err != nil {
			if !errors.Is(err, fetch.ErrMalformed) {
				t.Fatalf("Parse of what was pinned: %v", err)
			}
			return
		}
		if got := appendDescriptor(nil, m.size, m.logLeaf, m.root); !slices.Equal(got, d) {
			t.Errorf("descriptor %x does not survive parsing", d)
		}
		if m.Size() != int64(binary.LittleEndian.Uint64(d[8:])) || m.FileSize() < DescriptorSize || len(m.levels) > 8 {
			t.Errorf("size %d, manifest %d, %d levels", m.Size(), m.FileSize(), len(m.levels))
		}
		for _, leaf := range []int64{0, m.Leaves() / 2, m.Leaves() - 1, m.Leaves()} {
			checkPath(t, m, leaf)
		}
	})
}

// checkPath wants the blocks above leaf to lie inside the manifest and to contain one another.
func checkPath(t *testing.T, m *Manifest, leaf int64) {
	t.Helper()
	for _, n := range m.Path(leaf) {
		if !m.has(n) || n.Off < DescriptorSize || n.Off > m.FileSize()-int64(m.LeafSize()) {
			t.Errorf("Path(%d) has %+v in a manifest of %d bytes", leaf, n, m.FileSize())
		}
	}
}

// FuzzVerify: whatever manifest and image are served for a pin, no panic, and what verifies is
// what was published.
func FuzzVerify(f *testing.F) {
	for _, size := range []int{0, 1, smallLeaf, 2*smallLeaf + 1, 130 * smallLeaf} {
		image := noise(size)
		f.Add(build(f, image, smallLeaf).Bytes(), image)
	}
	f.Fuzz(func(t *testing.T, file, image []byte) {
		pin := fetch.Pin(sha256.Sum256(file[:min(len(file), DescriptorSize)]))
		if err := verifyAll(pin, file, image); err != nil {
			return
		}
		if got := build(t, image, 1<<file[offLogLeaf]).Pin(); got != pin {
			t.Errorf("verified as %s, built %s", pin, got)
		}
	})
}
