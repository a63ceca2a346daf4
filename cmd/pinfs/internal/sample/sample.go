// Package sample makes the image that `pinfs demo` publishes: a deterministic tree of some thousand
// files in a real xz squashfs, without any tool but Go.
package sample

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/sample/mksquash"
)

// The seeds of the two trees; their files have other contents.
const (
	seedSample = 1
	seedOther  = 2
)

// Build writes the sample image to path, a new file, and returns what a mount of it must show. It
// takes a few seconds of all cores.
func Build(ctx context.Context, path string) (Tree, error) {
	root := plant(seedSample, wholeTree)
	if _, err := write(ctx, path, root); err != nil {
		return nil, err
	}
	return treeOf(root), nil
}

// Other writes another image to path, a new file, that has exactly the size of the sample image
// like: what an overwritten object would hold. It is a valid squashfs with zeros after its end.
func Other(ctx context.Context, path, like string) error {
	fi, err := os.Stat(like)
	if err != nil {
		return err
	}
	size, err := write(ctx, path, plant(seedOther, halfTree))
	if err != nil {
		return err
	}
	if size > fi.Size() {
		return errors.Join(fmt.Errorf("other image: %d bytes do not fit in the %d of %s", size, fi.Size(), like), os.Remove(path))
	}
	return os.Truncate(path, fi.Size())
}

// write makes the file, or removes what was made when that fails.
func write(ctx context.Context, path string, root *mksquash.Node) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	size, err = mksquash.Write(ctx, f, root)
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("sample image %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return size, nil
}

// dir, link and file are the three kinds of nodes.
func dir() *mksquash.Node {
	return &mksquash.Node{Mode: iofs.ModeDir | 0o755, Children: map[string]*mksquash.Node{}}
}

func link(target string) *mksquash.Node {
	return &mksquash.Node{Mode: iofs.ModeSymlink | 0o777, Target: target}
}

func file(data []byte) *mksquash.Node { return &mksquash.Node{Mode: 0o644, Data: data} }

// put adds n at a slash-separated path below root and makes the directories on the way.
func put(root *mksquash.Node, path string, n *mksquash.Node) {
	parts := strings.Split(path, "/")
	for _, part := range parts[:len(parts)-1] {
		if root.Children[part] == nil {
			root.Children[part] = dir()
		}
		root = root.Children[part]
	}
	root.Children[parts[len(parts)-1]] = n
}
