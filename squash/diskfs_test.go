package squash_test

import (
	"bytes"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/squashfs"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// diskfsImage makes an image without mksquashfs.
func diskfsImage(t *testing.T, files map[string][]byte, options squashfs.FinalizeOptions) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image.squashfs")
	storage, err := file.CreateFromPath(image, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer storage.Close()
	fsys, err := squashfs.Create(storage, 64<<20, 0, 128<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fsys.Workspace())
	for name, content := range files {
		name = filepath.Join(fsys.Workspace(), name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := fsys.Finalize(options); err != nil {
		t.Fatal(err)
	}
	return image
}

// TestImagesOfDiskfs reads images of another maker, whose xz streams have other headers. Its lz4 is
// left out: it writes frames, which squashfs does not know, and the kernel refuses them too.
func TestImagesOfDiskfs(t *testing.T) {
	files := map[string][]byte{"empty": nil, "zeros": make([]byte, 300_000)}
	for i := range 600 {
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = bytes.Repeat(fmt.Appendf(nil, "line %d\n", i), i*i/10)
	}
	for name, options := range map[string]squashfs.FinalizeOptions{
		"xz": {Compression: &squashfs.CompressorXz{}}, "zstd": {Compression: &squashfs.CompressorZstd{}},
		"gzip":  {Compression: &squashfs.CompressorGzip{CompressionLevel: 6}},
		"plain": {NoCompressInodes: true, NoCompressData: true, NoCompressFragments: true, NoFragments: true, NonExportable: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := squashtest.Open(t, diskfsImage(t, files, options), squash.Config{})
			fsys := m.FS(t.Context())
			for name, want := range files {
				if got, err := iofs.ReadFile(fsys, name); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("ReadFile(%s) = %d bytes, %v, want %d", name, len(got), err, len(want))
				}
			}
			if got := squashtest.SnapshotImage(t, m); len(got) != len(files)+8 {
				t.Errorf("%d names, want %d", len(got), len(files)+8)
			}
		})
	}
}
