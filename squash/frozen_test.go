package squash_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

//go:generate go test -run TestFrozen -freeze .

// frozen lists the images in testdata/frozen, each as a line of the corpus, beside what the kernel
// showed of it when it was made. They are small, and odd in one way each.
var frozen = map[string]string{
	"gzip":         "tiny mksquashfs -comp gzip -nopad",
	"gzip-options": "tiny mksquashfs -comp gzip -Xcompression-level 5 -Xwindow-size 9 -Xstrategy filtered,fixed -nopad",
	"xz":           "tiny mksquashfs -comp xz -Xdict-size 8K -b 16K -nopad",
	"xz-x86":       "calls mksquashfs -comp xz -Xbcj x86 -b 16K -nopad",
	"xz-arm":       "calls mksquashfs -comp xz -Xbcj arm -b 16K -nopad",
	"zstd":         "tiny mksquashfs -comp zstd -Xcompression-level 22 -nopad",
	"lz4":          "tiny mksquashfs -comp lz4 -Xhc -nopad",
	"lzo":          "tiny mksquashfs -comp lzo -nopad",
	"small-blocks": "tiny mksquashfs -b 4K -nopad",
	"large-blocks": "tiny mksquashfs -b 1M -always-use-fragments -comp zstd -nopad",
	"index":        "index mksquashfs -b 4K -nopad",
	"xattrs":       "tiny mksquashfs -noX -b 4K -always-use-fragments -nopad",
	"no-tables":    "tiny mksquashfs -no-xattrs -no-exports -no-fragments -nopad",
	"plain":        "tiny mksquashfs -noI -noD -noF -noX -noId -b 4K -nopad",
	"sparse":       "tiny mksquashfs -b 4K -no-fragments -comp lz4 -nopad",
	"empty":        "empty mksquashfs -nopad",
	"appended":     "tiny twice -comp gzip -b 4K -nopad",
	"sqfstar":      "tiny sqfstar -comp zstd -b 4K -nopad",
	"gensquashfs":  "tiny gensquashfs -c xz -k -x -e -b 4K",
	"gensquashfs4": "tiny gensquashfs -c lz4 -k -x -b 4K",
	"tar2sqfs":     "tiny tar2sqfs -c zstd -b 4K",
	"go-diskfs":    "one go-diskfs zstd 4096",
}

var freeze = flag.Bool("freeze", false, "make the images in testdata/frozen again, with the tools that are installed")

// TestFrozen reads images that once were made. It needs no tools.
func TestFrozen(t *testing.T) {
	if *freeze {
		makeFrozen(t)
	}
	for name, line := range frozen {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata/frozen", name)
			want, err := os.ReadFile(path + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			got := squashtest.SnapshotImage(t, squashtest.Open(t, path+".squashfs", squash.Config{}))
			compareLines(t, line+"\n"+got.String(), string(want))
		})
	}
}

// makeFrozen makes the images, and asks the kernel for what is in them.
func makeFrozen(t *testing.T) {
	for name, line := range frozen {
		path := filepath.Join("testdata/frozen", name)
		image := makeCorpusImage(t, makeTrees(t, []string{line}), line)
		checkFilters(t, image, line)
		p, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".squashfs", p, 0o644); err != nil {
			t.Fatal(err)
		}
		want := squashtest.SnapshotDir(t, squashtest.Mount(t, image))
		if err := os.WriteFile(path+".golden", []byte(line+"\n"+want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compareLines reports the first line in which two texts differ.
func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d is\n%s, want\n%s", i+1, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Errorf("%d lines, want %d", len(g), len(w))
	}
}
