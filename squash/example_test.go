package squash_test

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	iofs "io/fs"

	"github.com/pinfs/pinfs/squash"
)

//go:embed testdata/greeting.squashfs
var greeting []byte

// memory is a Source of bytes in memory.
type memory struct{ *bytes.Reader }

func (m memory) ReadAt(_ context.Context, p []byte, off int64) error {
	_, err := m.Reader.ReadAt(p, off)
	return err
}

func Example() {
	ctx := context.Background()
	image, err := squash.Open(ctx, memory{bytes.NewReader(greeting)}, squash.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	root, err := image.Inode(ctx, image.RootRef())
	if err != nil {
		fmt.Println(err)
		return
	}
	entry, err := image.Lookup(ctx, root, "hello.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := iofs.ReadFile(image.FS(ctx), entry.Name)
	fmt.Printf("%v, inode %d: %s%v\n", image.Superblock().Compressor, entry.Number, text, err)
	// Output: xz, inode 1: Hello, squashfs!
	// <nil>
}
