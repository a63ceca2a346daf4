package manifest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

const smallLeaf = 4 << 10

// TestEveryBitIsChecked flips each bit of descriptor, tree (padding too) and data, one at a time.
func TestEveryBitIsChecked(t *testing.T) {
	image := noise(2*smallLeaf + 100)
	built := build(t, image, smallLeaf)
	file := slices.Clone(built.Bytes())
	flipEach(t, "manifest", file, func() error { return verifyAll(built.Pin(), file, image) })
	flipEach(t, "image", image, func() error { return verifyAll(built.Pin(), file, image) })
	if err := verifyAll(built.Pin(), file, image); err != nil {
		t.Errorf("verifyAll of the untouched image: %v", err)
	}
}

// flipEach runs check with each bit of b flipped and wants it to be found.
func flipEach(t *testing.T, what string, b []byte, check func() error) {
	t.Helper()
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if err := check(); !errors.Is(err, fetch.ErrCorrupt) {
			t.Fatalf("%s with bit %d flipped: %v, want %v", what, i, err, fetch.ErrCorrupt)
		}
		b[i/8] ^= 1 << (i % 8)
	}
}

// TestEveryLevelIsChecked damages one byte of each hash block and leaf of a three-level tree and
// wants exactly that place to be named.
func TestEveryLevelIsChecked(t *testing.T) {
	image := noise(129*128*smallLeaf + 1)
	built := build(t, image, smallLeaf)
	if len(built.levels) != 3 {
		t.Fatalf("%d levels, want 3", len(built.levels))
	}
	file, blocks := built.Bytes(), map[Node]bool{}
	verify := func(leaf int64) error {
		return verifyLeaf(built.Manifest, file, image, leaf, map[Node]HashBlock{})
	}
	for leaf := int64(0); leaf < built.Leaves(); leaf += 128 {
		for _, n := range built.Path(leaf) {
			file[n.Off+n.Index%smallLeaf] ^= 1
			checkCorrupt(t, verify(leaf), Tree, n.Off)
			file[n.Off+n.Index%smallLeaf] ^= 1
			blocks[n] = true
		}
	}
	if got := int64(DescriptorSize + len(blocks)*smallLeaf); got != built.FileSize() {
		t.Errorf("%d bytes damaged in turn, the manifest has %d", got, built.FileSize())
	}
	for _, leaf := range []int64{0, 127, 128, built.Leaves() - 1} {
		off, n := built.LeafRange(leaf)
		image[off+int64(n)-1] ^= 0x80
		checkCorrupt(t, verify(leaf), Leaf, off)
		image[off+int64(n)-1] ^= 0x80
	}
}

// checkCorrupt wants err to be a CorruptError about the given place.
func checkCorrupt(t *testing.T, err error, what Part, off int64) {
	t.Helper()
	var c *CorruptError
	if !errors.As(err, &c) || c.What != what || c.Off != off || c.Got == c.Want || c.Len == 0 {
		t.Errorf("damage of the %s at %d: %v", what, off, err)
	}
}

// TestCheckRefusesStrangers: a hash block counts only for its own children in its own manifest.
func TestCheckRefusesStrangers(t *testing.T) {
	image := noise(3 * 128 * smallLeaf)
	m, other := build(t, image, smallLeaf), build(t, image, smallLeaf)
	node := func(m *Built, n Node) []byte { return m.Bytes()[n.Off:][:smallLeaf] }
	path := m.Path(0)
	root, err := m.CheckNode(path[0], HashBlock{}, node(m, path[0]))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.CheckNode(path[0], HashBlock{}, node(other, path[0]))
	if err != nil {
		t.Fatal(err)
	}
	leaf := image[:smallLeaf]
	misplaced := path[1]
	misplaced.Off++
	for _, c := range []struct {
		what string
		err  error
	}{
		{"leaf without a parent", m.CheckLeaf(0, HashBlock{}, leaf)},
		{"leaf under the root", m.CheckLeaf(0, root, leaf)},
		{"short leaf", m.CheckLeaf(0, root, leaf[1:])},
		{"leaf beyond the end", m.CheckLeaf(m.Leaves(), root, leaf)},
		{"negative leaf", m.CheckLeaf(-1, root, leaf)},
		{"node under another manifest's block", errOf(m.CheckNode(path[1], foreign, node(m, path[1])))},
		{"node without a parent", errOf(m.CheckNode(path[1], HashBlock{}, node(m, path[1])))},
		{"node of another place", errOf(m.CheckNode(misplaced, root, node(m, path[1])))},
		{"node of level 2", errOf(m.CheckNode(Node{Level: 2}, root, node(m, path[1])))},
		{"short node", errOf(m.CheckNode(path[1], root, node(m, path[1])[1:]))},
	} {
		if c.err == nil || fetch.VerdictOf(c.err) != "" {
			t.Errorf("%s: %v, want an error without verdict", c.what, c.err)
		}
	}
}

func errOf(b HashBlock, err error) error {
	if !b.IsZero() {
		return errors.New("a block and an error")
	}
	return err
}

// TestFullLeafIsNotCopied holds hashing of full blocks to no allocation.
func TestFullLeafIsNotCopied(t *testing.T) {
	image := noise(smallLeaf)
	m := build(t, image, smallLeaf)
	n := testing.AllocsPerRun(100, func() {
		if err := m.CheckLeaf(0, HashBlock{}, image); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("CheckLeaf of a full leaf allocates %v times, want 0", n)
	}
}

func TestGeometry(t *testing.T) {
	m := build(t, noise(LeafSize+1), 0).Manifest
	for _, c := range []struct {
		index, off int64
		n          int
	}{{0, 0, LeafSize}, {1, LeafSize, 1}, {2, 0, 0}, {-1, 0, 0}} {
		if off, n := m.LeafRange(c.index); off != c.off || n != c.n {
			t.Errorf("LeafRange(%d) = %d, %d, want %d, %d", c.index, off, n, c.off, c.n)
		}
	}
	if got, want := m.FileSize(), int64(DescriptorSize+LeafSize); got != want {
		t.Errorf("FileSize() = %d, want %d", got, want)
	}
	if got := m.Path(2); got != nil {
		t.Errorf("Path(2) = %v, want nil", got)
	}
	want := []Node{{Level: 0, Index: 0, Off: DescriptorSize}}
	if got := m.Path(1); !slices.Equal(got, want) {
		t.Errorf("Path(1) = %v, want %v", got, want)
	}
	parsed, err := Parse(m.Pin(), build(t, noise(LeafSize+1), 0).Bytes()[:DescriptorSize])
	if err != nil || parsed.Pin() != m.Pin() || parsed.Size() != m.Size() || parsed.LeafSize() != m.LeafSize() {
		t.Errorf("Parse of a built descriptor = %+v, %v, want %+v", parsed, err, m)
	}
	if bytes.Equal(m.root[:], make([]byte, 32)) {
		t.Error("no root hash")
	}
}
