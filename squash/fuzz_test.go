package squash_test

import (
	"bytes"
	"testing"
)

// What one fuzzed image may cost while explore looks at it.
const (
	maxFuzzAlloc = 64 << 20 // bytes of memory, one behind the other
	maxFuzzReads = 100_000
	maxFuzzImage = 1 << 20 // bytes of an image
)

// survive explores what a fuzzer made.
func survive(t *testing.T, image []byte) {
	if err := exploreWithin(t, image, maxFuzzAlloc, maxFuzzReads); err != nil {
		t.Error(err)
	}
}

// places are bytes of an image that a fuzzer may set.
type places []int

func span(from, to int) (p places) {
	for off := from; off < to; off++ {
		p = append(p, off)
	}
	return p
}

// of returns what is there.
func (p places) of(image []byte) []byte {
	b := make([]byte, len(p))
	for i, off := range p {
		b[i] = image[off]
	}
	return b
}

// put overwrites as much as there is of b.
func (p places) put(image, b []byte) {
	for i := range min(len(p), len(b)) {
		image[p[i]] = b[i]
	}
}

// fuzzPlaces lets the fuzzer set the places of an image that is valid but for them, so that it gets
// deep.
func fuzzPlaces(f *testing.F, choose func(a *anatomy) places) {
	image := plainImage(f)
	where := choose(dissect(f, image))
	f.Add(where.of(image))
	f.Fuzz(func(t *testing.T, b []byte) {
		damaged := bytes.Clone(image)
		where.put(damaged, b)
		survive(t, damaged)
	})
}

// table returns the places of a table as it is decoded, and those of the list of pointers to it.
func (a *anatomy) table(name string) places {
	p := places(a.stream(name).pos)
	if list := a.lists[name]; list > 0 {
		p = append(p, span(a.ends[name], a.ends[name]+list)...)
	}
	return p
}

func FuzzSuperblock(f *testing.F) {
	fuzzPlaces(f, func(*anatomy) places { return span(0, 96) })
}

func FuzzIDTable(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("id") })
}

func FuzzFragmentTable(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("fragment") })
}

func FuzzExportTable(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("export") })
}

func FuzzXattrSets(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("xattr") })
}

func FuzzXattrs(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("keys") })
}

func FuzzInodes(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places { return a.table("inode") })
}

// FuzzDirectories is for the listings and the indexes to them, which lie with the inodes.
func FuzzDirectories(f *testing.F) {
	fuzzPlaces(f, func(a *anatomy) places {
		p := a.table("directory")
		for _, name := range []string{"index: place", "index: block", "index: name size", "index: name"} {
			for _, field := range a.named("extended dir: " + name) {
				p = append(p, field.bytes...)
			}
		}
		return p
	})
}

// packings are the ways in which the images are made that the fuzzers begin with.
var packings = [][]string{
	{"-comp", "gzip"}, {"-comp", "xz"}, {"-comp", "zstd"}, {"-comp", "lz4"}, {"-comp", "lzo"},
	{"-comp", "xz", "-Xbcj", "x86"}, {"-comp", "lz4", "-Xhc"}, {"-noI", "-noX", "-noId"}, {"-no-fragments", "-no-xattrs", "-no-exports"},
}

// FuzzImage lets the fuzzer change an image as it likes.
func FuzzImage(f *testing.F) {
	for _, args := range packings {
		f.Add(smallImage(f, args...))
	}
	f.Fuzz(func(t *testing.T, image []byte) { survive(t, image[:min(len(image), maxFuzzImage)]) })
}

// FuzzPatchedImage lets the fuzzer set single bytes: changes says one behind the other how far on,
// in two bytes, and by what to exclude-or.
func FuzzPatchedImage(f *testing.F) {
	var images [][]byte
	tree := damageTree(f)
	for i, args := range packings {
		images = append(images, packed(f, tree, args...))
		f.Add(uint8(i), []byte{0, 40, 1})
	}
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		image := bytes.Clone(images[int(which)%len(images)])
		for off := 0; len(changes) >= 3; changes = changes[3:] {
			off = (off + int(changes[0])<<8 + int(changes[1])) % len(image)
			image[off] ^= changes[2]
		}
		survive(t, image)
	})
}
