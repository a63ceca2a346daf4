package squash_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/squashfs"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// diskfsOptions are what the corpus can ask of go-diskfs 1.9. It has no links, no devices and no
// attributes, and what lies behind the first 8 KiB of its directory table can not be found. Its lz4 is
// left out: it writes frames, which squashfs does not know.
var diskfsOptions = map[string]squashfs.FinalizeOptions{
	"gzip":  {Compression: &squashfs.CompressorGzip{CompressionLevel: 6}},
	"xz":    {Compression: &squashfs.CompressorXz{}},
	"zstd":  {Compression: &squashfs.CompressorZstd{}},
	"plain": {NoCompressInodes: true, NoCompressData: true, NoCompressFragments: true, NoFragments: true},
	"bare":  {NoCompressInodes: true, NoCompressData: true, NoCompressFragments: true, NoFragments: true, NonExportable: true},
}

// makeDiskfs makes an image of tree with go-diskfs; the first of options is of diskfsOptions, the
// second the size of a block in bytes.
func makeDiskfs(t testing.TB, tree string, options ...string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image.squashfs")
	storage, err := file.CreateFromPath(image, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer storage.Close()
	blockSize, err := strconv.Atoi(options[1])
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := squashfs.Create(storage, 64<<20, 0, int64(blockSize))
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fsys.Workspace())
	if err := os.CopyFS(fsys.Workspace(), os.DirFS(tree)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(fsys.Workspace(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fsys.Finalize(diskfsOptions[options[0]]); err != nil {
		t.Fatal(err)
	}
	trimDiskfs(t, image)
	return image
}

// trimDiskfs cuts off what go-diskfs had reserved behind the file system.
func trimDiskfs(t testing.TB, image string) {
	t.Helper()
	m := squashtest.Open(t, image, squash.Config{})
	if err := os.Truncate(image, m.Superblock().BytesUsed); err != nil {
		t.Fatal(err)
	}
}
