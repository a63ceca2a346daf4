package squash_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestCorpus makes images of everything that the format knows with every tool there is, and wants
// each to look as the kernel shows it, to the last field and without exception, and as unsquashfs
// lists it.
func TestCorpus(t *testing.T) {
	trees := makeTrees(t, corpus, withoutUnsquashfs)
	for _, line := range slices.Concat(corpus, withoutUnsquashfs) {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			image := makeCorpusImage(t, trees, line)
			checkFilters(t, image, line)
			got := compareWithKernel(t, image)
			if !slices.Contains(withoutUnsquashfs, line) {
				squashtest.CompareWithUnsquashfs(t, got, image)
			}
			if tree := treeOf(line); tree == "small" || tree == "plain" {
				compareFS(t, squashtest.Open(t, image, squash.Config{}).FS(t.Context()), got)
			}
		})
	}
}

// TestCorpusWithoutKernel compares what the kernel does not read with what went in.
func TestCorpusWithoutKernel(t *testing.T) {
	trees := makeTrees(t, withoutKernel)
	for _, line := range withoutKernel {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			image := makeCorpusImage(t, trees, line)
			checkFilters(t, image, line)
			got := squashtest.SnapshotImage(t, squashtest.Open(t, image, squash.Config{}))
			want := squashtest.SnapshotDir(t, filepath.Join(trees, treeOf(line)))
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			for path, n := range want {
				if g := got[path]; g.Content != n.Content || g.Mode != n.Mode {
					t.Errorf("%q has mode %o and content %x, want %o and %x", path, g.Mode, g.Content, n.Mode, n.Content)
				}
			}
		})
	}
}

// TestLZMA refuses an image with the one compressor that the kernel never had.
func TestLZMA(t *testing.T) {
	image := makeCorpusImage(t, makeTrees(t, []string{"one mksquashfs"}), "one mksquashfs -comp lzma")
	_, err := squash.Open(t.Context(), squashtest.OpenSource(t, image), squash.Config{})
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, squash.ErrFormat) || !strings.Contains(err.Error(), "lzma") {
		t.Errorf("Open = %v, want one that says that lzma is not supported", err)
	}
}
