package squash_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// corpusTools are the makers of images. Each takes the path of a tree, or of a tar file where there is
// a suffix, and options.
var corpusTools = map[string]struct {
	make   func(t testing.TB, path string, options ...string) string
	suffix string
}{
	"mksquashfs":  {squashtest.Make, ""},
	"twice":       {squashtest.MakeTwice, ""},
	"sqfstar":     {squashtest.MakeStar, ".tar"},
	"gensquashfs": {squashtest.MakeGen, ""},
	"tar2sqfs":    {squashtest.MakeTar, ".tar"},
	"go-diskfs":   {makeDiskfs, ""},
}

// treeOf returns the name of the tree that a line of the corpus begins with.
func treeOf(line string) string { return strings.Fields(line)[0] }

// makeCorpusImage makes the image that a line of the corpus speaks of: the name of a tree, a tool and
// its options, where TREE stands for the path of the tree.
func makeCorpusImage(t testing.TB, trees, line string) string {
	t.Helper()
	words := strings.Fields(line)
	path := filepath.Join(trees, words[0])
	options := words[2:]
	for i, o := range options {
		options[i] = strings.ReplaceAll(o, "TREE", path)
	}
	tool := corpusTools[words[1]]
	return tool.make(t, path+tool.suffix, options...)
}

// makeTrees makes the trees, and the tar files, that the lines of some corpora want and returns the
// directory they are in.
func makeTrees(t testing.TB, corpora ...[]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, lines := range corpora {
		for _, line := range lines {
			words := strings.Fields(line)
			path := filepath.Join(dir, words[0])
			if !exists(path) {
				squashtest.Trees[words[0]](t, path)
			}
			if tar := path + corpusTools[words[1]].suffix; !exists(tar) {
				squashtest.Tar(t, path, tar)
			}
		}
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// xzFilters are the numbers that xz has for what mksquashfs -Xbcj takes.
var xzFilters = map[string]byte{"x86": 4, "powerpc": 5, "ia64": 6, "arm": 7, "armthumb": 8, "sparc": 9}

// checkFilters makes sure that an image which was made with -Xbcj has blocks that were filtered so,
// for the maker uses a filter only where it helps.
func checkFilters(t testing.TB, image, line string) {
	t.Helper()
	_, after, ok := strings.Cut(line, "-Xbcj ")
	if !ok {
		return
	}
	p, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	names, _, _ := strings.Cut(after, " ")
	for name := range strings.SplitSeq(names, ",") {
		if !hasFilter(p, xzFilters[name]) {
			t.Errorf("no block is filtered for %s", name)
		}
	}
}

// hasFilter looks for an xz stream whose block has the filter id in front of the last one.
func hasFilter(p []byte, id byte) bool {
	for {
		var ok bool
		if _, p, ok = bytes.Cut(p, []byte("\xfd7zXZ\x00")); !ok {
			return false
		}
		// After the stream's flags and their checksum comes the block's header: its size, flags, the
		// two sizes of the data where the flags say so, the filters.
		const more, hasPacked, hasPlain = 0x01, 0x40, 0x80
		flags, header := p[7], p[8:]
		for range bits.OnesCount8(flags & (hasPacked | hasPlain)) {
			_, n := binary.Uvarint(header)
			header = header[n:]
		}
		if flags&more != 0 && header[0] == id {
			return true
		}
	}
}
