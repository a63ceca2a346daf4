package squash_test

import (
	"fmt"
	"testing"
)

// anatomy is an image that is stored without compression, taken apart: the place of each number in
// it, found by the description of the format and not with the code that is tested.
type anatomy struct {
	t      testing.TB
	image  []byte
	fields []field
	tables map[string]int // where they begin; "keys" are those of the attributes
	ends   map[string]int // where their blocks end
	lists  map[string]int // bytes of the pointers behind them

	blockSize int
}

// field is a number of an image.
type field struct {
	name  string
	bytes []int // where they lie in the image, the least significant one first
	text  bool  // it is one byte of a name
}

func (f field) value(image []byte) (v uint64) {
	for i, off := range f.bytes {
		v |= uint64(image[off]) << (8 * i)
	}
	return v
}

// put writes v, as much of it as there is room for.
func (f field) put(image []byte, v uint64) {
	for i, off := range f.bytes {
		image[off] = byte(v >> (8 * i))
	}
}

// dissect takes an image apart that mksquashfs made with -noI -noD -noF -noX -noId.
func dissect(t testing.TB, image []byte) *anatomy {
	t.Helper()
	a := &anatomy{t: t, image: image, tables: map[string]int{}, ends: map[string]int{}, lists: map[string]int{}}
	a.superblock()
	a.inodeTable()
	a.dirTable()
	a.fragmentTable()
	a.exportTable()
	a.idTable()
	a.xattrTable()
	return a
}

// note keeps the field of size bytes at off and returns its value.
func (a *anatomy) note(name string, off, size int) int {
	a.t.Helper()
	if off < 0 || off+size > len(a.image) {
		a.t.Fatalf("%s at byte %d is outside of the image", name, off)
	}
	f := field{name: name}
	for i := range size {
		f.bytes = append(f.bytes, off+i)
	}
	a.fields = append(a.fields, f)
	return int(f.value(a.image))
}

func (a *anatomy) superblock() {
	off := 0
	values := map[string]int{}
	for _, f := range []struct {
		name string
		size int
	}{
		{"magic", 4}, {"inodes", 4}, {"time", 4}, {"block size", 4}, {"fragments", 4}, {"compressor", 2}, {"block log", 2}, {"flags", 2},
		{"ids", 2}, {"major", 2}, {"minor", 2}, {"root", 8}, {"bytes used", 8}, {"id table", 8}, {"xattr table", 8}, {"inode table", 8},
		{"directory table", 8}, {"fragment table", 8}, {"export table", 8},
	} {
		values[f.name] = a.note("superblock: "+f.name, off, f.size)
		off += f.size
	}
	a.blockSize = values["block size"]
	a.tables["inode"], a.tables["directory"] = values["inode table"], values["directory table"]
	a.ends["inode"] = a.tables["directory"]
	a.list("fragment", values["fragment table"], values["fragments"]*16)
	a.list("export", values["export table"], values["inodes"]*8)
	a.list("id", values["id table"], values["ids"]*4)
	a.tables["keys"] = a.note("xattr head: keys", values["xattr table"], 8)
	sets := a.note("xattr head: sets", values["xattr table"]+8, 4)
	a.note("xattr head: unused", values["xattr table"]+12, 4)
	a.list("xattr", values["xattr table"]+16, sets*16)
	a.ends["xattr"] -= 16
	a.ends["directory"], a.ends["keys"] = a.tables["fragment"], a.tables["xattr"]
}

// list notes the pointers to the n bytes of a table; where the first one leads the table begins.
func (a *anatomy) list(name string, off, n int) {
	blocks := (n + 8191) / 8192
	a.lists[name] = 8 * blocks
	for i := range blocks {
		p := a.note(name+" table: pointer", off+8*i, 8)
		if i == 0 {
			a.tables[name] = p
		}
	}
	a.ends[name] = off
}

// stream is the metadata of one table, read from one end to the other.
type stream struct {
	*anatomy
	pos    []int       // where each byte lies in the image
	blocks map[int]int // offset in pos of the block that begins at a byte of the image
	off    int
}

// stream follows the blocks of a table.
func (a *anatomy) stream(table string) *stream {
	s := &stream{anatomy: a, blocks: map[int]int{}}
	for off := a.tables[table]; off < a.ends[table]; {
		header := a.note(table+" table: block header", off, 2)
		if header&0x8000 == 0 {
			a.t.Fatalf("%s table is compressed", table)
		}
		s.blocks[off] = len(s.pos)
		off += 2
		for range header & 0x7fff {
			s.pos = append(s.pos, off)
			off++
		}
	}
	return s
}

func (s *stream) more() bool { return s.off < len(s.pos) }

// take reads a field of size bytes.
func (s *stream) take(name string, size int) int {
	f := field{name: name, bytes: s.pos[s.off : s.off+size]}
	s.fields = append(s.fields, f)
	s.off += size
	return int(f.value(s.image))
}

// text passes over a name of n bytes and notes its first one.
func (s *stream) text(name string, n int) {
	if n > 0 {
		s.fields = append(s.fields, field{name, s.pos[s.off : s.off+1], true})
	}
	s.off += n
}

func (a *anatomy) dirTable() {
	for s := a.stream("directory"); s.more(); {
		count := s.take("run: count", 4)
		s.take("run: block", 4)
		s.take("run: number", 4)
		for range count + 1 {
			s.take("entry: offset", 2)
			s.take("entry: number", 2)
			s.take("entry: kind", 2)
			s.text("entry: name", s.take("entry: name size", 2)+1)
		}
	}
}

func (a *anatomy) fragmentTable() {
	for s := a.stream("fragment"); s.more(); {
		s.take("fragment: start", 8)
		s.take("fragment: stored size", 4)
		s.take("fragment: unused", 4)
	}
}

func (a *anatomy) exportTable() {
	for s := a.stream("export"); s.more(); {
		s.take("export: reference", 8)
	}
}

func (a *anatomy) idTable() {
	for s := a.stream("id"); s.more(); {
		s.take("id", 4)
	}
}

func (a *anatomy) xattrTable() {
	keys := a.stream("keys")
	for s := a.stream("xattr"); s.more(); {
		keys.seek("keys", s.take("xattr set: reference", 8))
		for range s.take("xattr set: count", 4) {
			keys.xattr()
		}
		s.take("xattr set: size", 4)
	}
}

func (s *stream) xattr() {
	kind := s.take("xattr: kind", 2)
	s.text("xattr: name", s.take("xattr: name size", 2))
	size := s.take("xattr: value size", 4)
	if kind&0x100 == 0 {
		s.text("xattr: value", size)
		return
	}
	ref, next := s.take("xattr: value reference", 8), s.off
	s.seek("keys", ref)
	s.text("xattr: value apart", s.take("xattr: value apart size", 4))
	s.off = next
}

// seek goes to a reference, counted from where a table begins.
func (s *stream) seek(table string, ref int) { s.off = s.blocks[s.tables[table]+ref>>16] + ref&0xffff }

// sample returns the fields without most of those that there are many alike of; those that lie in
// two blocks stay.
func (a *anatomy) sample() []field {
	const alike = 4
	count, seen := map[string]int{}, map[string]int{}
	for _, f := range a.fields {
		count[f.name]++
	}
	var list []field
	for _, f := range a.fields {
		seen[f.name]++
		apart := f.bytes[len(f.bytes)-1]-f.bytes[0] >= len(f.bytes)
		if i, n := seen[f.name], count[f.name]; apart || i <= alike/2 || i > n-alike/2 {
			list = append(list, f)
		}
	}
	return list
}

// named returns the fields with a name, in their order.
func (a *anatomy) named(name string) []field {
	a.t.Helper()
	var list []field
	for _, f := range a.fields {
		if f.name == name {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		a.t.Fatalf("the image has no %s", name)
	}
	return list
}

// String describes where f is, for a failed test.
func (f field) String() string { return fmt.Sprintf("%s at byte %d", f.name, f.bytes[0]) }
