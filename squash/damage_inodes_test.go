package squash_test

import (
	"strconv"
	"strings"
)

var kinds = []string{1: "dir", "file", "symlink", "block device", "char device", "fifo", "socket"}

// inodeHead is what all inodes begin with: the names of its numbers and the bytes that each takes.
const inodeHead = "kind:2 mode:2 uid:2 gid:2 time:4 number:4"

// inodeRests are what follows in each kind, up to what has no fixed size.
var inodeRests = []string{
	1: "block:4 links:4 size:2 offset:2 parent:4", "start:4 fragment:4 fragment_offset:4 size:4", "links:4 size:4",
	"links:4 device:4", "links:4 device:4", "links:4", "links:4",
	"links:4 size:4 block:4 parent:4 indexes:2 offset:2 xattr:4", "start:8 size:8 sparse:8 links:4 fragment:4 fragment_offset:4 xattr:4",
	"links:4 size:4", "links:4 device:4 xattr:4", "links:4 device:4 xattr:4", "links:4 xattr:4", "links:4 xattr:4",
}

func (a *anatomy) inodeTable() {
	for s := a.stream("inode"); s.more(); {
		s.inode()
	}
}

// inode reads one inode; the fields are named after its kind.
func (s *stream) inode() {
	kind := int(s.image[s.pos[s.off]])
	what := kinds[(kind-1)%7+1]
	if kind > 7 {
		what = "extended " + what
	}
	values := s.numbers(what, inodeHead+" "+inodeRests[kind])
	switch kind {
	case 2, 9:
		s.blockList(what, values["size"], values["fragment"])
	case 3, 10:
		s.text(what+": target", values["size"])
	case 8:
		for range values["indexes"] {
			index := s.numbers(what+": index", "place:4 block:4 name_size:4")
			s.text(what+": index: name", index["name_size"]+1)
		}
	}
	if kind == 10 {
		s.take(what+": xattr", 4)
	}
}

// numbers reads fields as inodeHead describes some.
func (s *stream) numbers(what, list string) map[string]int {
	values := map[string]int{}
	for entry := range strings.FieldsSeq(list) {
		name, size, _ := strings.Cut(entry, ":")
		n, err := strconv.Atoi(size)
		if err != nil {
			s.t.Fatal(err)
		}
		values[name] = s.take(what+": "+strings.ReplaceAll(name, "_", " "), n)
	}
	return values
}

func (s *stream) blockList(what string, size, fragment int) {
	blocks := size / s.blockSize
	if uint32(fragment) == ^uint32(0) && size%s.blockSize != 0 {
		blocks++
	}
	for range blocks {
		s.take(what+": stored size", 4)
	}
}
