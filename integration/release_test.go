package integration

import (
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// sum is the md5 of a file: what people compare.
type sum [md5.Size]byte

// release is one build of an image, as a site uploads it under a key.
type release struct {
	image string
	whole sum            // of the image
	files map[string]sum // of its tree
}

const (
	releaseFiles = 80       // of each of two kinds
	releaseSize  = 88 << 20 // bytes of any release's image: its files and some room
)

// newRelease makes an xz image. Most of its bytes are in files that are stored as they are, so that it
// takes no time; among them lie compressed ones of many sizes, so that no two releases have one layout.
func newRelease(t *testing.T) release {
	t.Helper()
	tree := t.TempDir()
	r := release{image: filepath.Join(t.TempDir(), "image"), files: map[string]sum{}}
	for i := range releaseFiles {
		b := make([]byte, 1<<20)
		_, _ = rand.Read(b) // never fails
		clear(b[:mrand.IntN(32<<10)])
		n := 64<<10 + mrand.IntN(64<<10)
		r.file(t, tree, fmt.Sprintf("pe%03d.bin", i), b[:n])
		r.file(t, tree, fmt.Sprintf("pe%03d.so", i), b[n:])
	}
	run(t, "mksquashfs", tree, r.image, "-comp", "xz", "-quiet", "-no-progress", "-no-fragments",
		"-action", "uncompressed@name(*.so)")
	if err := os.Truncate(r.image, releaseSize); err != nil {
		t.Fatal(err)
	}
	run(t, "unsquashfs", "-s", r.image) // still whole
	var err error
	if r.whole, err = sumOf(r.image); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r release) file(t *testing.T, tree, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(tree, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
	r.files[name] = md5.Sum(content)
}

// sumOf reads a file to its end.
func sumOf(name string) (sum, error) {
	f, err := os.Open(name)
	if err != nil {
		return sum{}, err
	}
	defer f.Close()
	h := md5.New()
	_, err = io.Copy(h, f)
	return sum(h.Sum(nil)), err
}
