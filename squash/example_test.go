package squash_test

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
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

// All that the standard library does with an fs.FS works with an image.
func ExampleImage_FS() {
	ctx := context.Background()
	image, err := squash.Open(ctx, memory{bytes.NewReader(greeting)}, squash.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = iofs.WalkDir(image.FS(ctx), ".", func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		ino := info.Sys().(*squash.Inode)
		fmt.Println(info.Mode(), ino.UID, ino.Nlink, info.Size(), path)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// drwxr-xr-x 0 2 32 .
	// -rw-r--r-- 0 1 17 hello.txt
}

// A listing goes on where another one ended, even in another process.
func ExampleImage_ReadDir() {
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
	var pos squash.DirPos
	for range 2 {
		n := 0
		err := image.ReadDir(ctx, root, pos, func(e squash.Entry) bool {
			fmt.Println(e.Name)
			pos = e.Next
			n++
			return false
		})
		fmt.Println(n, err)
	}
	// Output:
	// hello.txt
	// 1 <nil>
	// 0 <nil>
}

// Bytes that are no squashfs give a FormatError, which says where and what.
func ExampleFormatError() {
	_, err := squash.Open(context.Background(), memory{bytes.NewReader(make([]byte, 4096))}, squash.Config{})
	var f *squash.FormatError
	fmt.Println(errors.Is(err, squash.ErrFormat), errors.As(err, &f))
	fmt.Println(err)
	// Output:
	// true true
	// malformed squashfs: superblock at byte 0: not a squashfs: it begins with 00 00 00 00 instead of 68 73 71 73
}
