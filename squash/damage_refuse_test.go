package squash_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
)

// TestOpenRefusesMisplacedTables moves each table to where another one is and past the end.
func TestOpenRefusesMisplacedTables(t *testing.T) {
	image := plainImage(t)
	a := dissect(t, image)
	var starts []field
	for _, name := range []string{"inode", "directory", "fragment", "export", "id", "xattr"} {
		starts = append(starts, a.named("superblock: " + name + " table")[0])
	}
	refuse := func(what string, damaged []byte) {
		t.Helper()
		if _, err := open(t, damaged); !errors.Is(err, squash.ErrFormat) {
			t.Errorf("%s: Open = %v, want a FormatError", what, err)
		}
	}
	for i, f := range starts {
		for _, g := range starts[:i] {
			damaged := bytes.Clone(image)
			f.put(damaged, g.value(image))
			refuse(f.name+" where there is the "+g.name, damaged)
			g.put(damaged, f.value(image))
			refuse(f.name+" in exchange for the "+g.name, damaged)
		}
		for _, v := range []uint64{0, 95, uint64(len(image)), 1 << 63} {
			damaged := bytes.Clone(image)
			f.put(damaged, v)
			refuse(f.name, damaged)
		}
	}
}

// TestRefusals sets one field and says what must come of it.
func TestRefusals(t *testing.T) {
	image := plainImage(t)
	a := dissect(t, image)
	last := func(fields []field) field { return fields[len(fields)-1] }
	first := func(name string) field { return a.named(name)[0] }
	for _, c := range []struct {
		field field
		value uint64
		want  string
	}{
		{first("xattr head: keys"), uint64(a.tables["id"]), "keys and values at byte"},
		{first("xattr head: keys"), uint64(a.ends["xattr"]), "keys and values at byte"},
		{first("xattr head: sets"), 0, "it is empty"},
		{first("xattr head: sets"), 1 << 31, "do not fit"},
		{first("superblock: inodes"), 0, "no inodes"},
		{first("dir: number"), 0, "its number is 0"},
		{first("symlink: size"), 4097, "symbolic link of 4097 bytes"},
		{first("file: fragment"), 99, "its tail is in fragment 99"},
		{first("file: uid"), 1, "not among the 1 ids"},
		{first("extended file: size"), 1 << 62, "longer block list than the image can hold"},
		{first("extended dir: index: place"), 1 << 20, "in a listing of"},
		{last(a.named("extended dir: index: block")), 1 << 20, "can not be in the block"},
		{last(a.named("extended dir: index: block")), 0, "can not be in the block"},
		{first("extended dir: index: name size"), 256, "name of 257 bytes"},
		{last(a.named("dir: block")), 1 << 30, "is not between"},
		{first("run: count"), 256, "run of 257 entries"},
		{first("entry: name size"), 256, "name of 257 bytes"},
		{first("entry: name"), '/', "there must be no name"},
		{first("entry: name"), 0, "there must be no name"},
		{first("entry: kind"), 8, "entry of kind 8"},
		{first("export: reference"), a.named("export: reference")[1].value(image), "leads to inode 2"},
		{first("export: reference"), 1 << 48, "is not between"},
		{first("dir: parent"), 1 << 20, "number 1048576 of its parent"},
		{first("xattr set: reference"), 1 << 40, "is not between"},
		{first("xattr set: count"), 1 << 31, "xattr"},
		{first("xattr: value reference"), 1 << 40, "is not between"},
		{first("xattr: value apart size"), 1 << 20, "value of 1048576 bytes"},
		{first("xattr: name size"), 256, "name of 256 bytes"},
	} {
		damaged := bytes.Clone(image)
		c.field.put(damaged, c.value)
		said := explore(t.Context(), damaged).said
		if !slices.ContainsFunc(said, func(err error) bool { return strings.Contains(err.Error(), c.want) }) {
			t.Errorf("%v set to %#x: %v, want a FormatError with %q", c.field, c.value, errors.Join(said...), c.want)
		}
	}
}
