// Package mksquash writes small xz squashfs images in pure Go, for a machine without mksquashfs.
//
// It knows regular files (sparse blocks, fragments, hard links), directories and symbolic links, all
// owned by root. Images are read by the kernel and by unsquashfs, and equal trees give equal bytes.
package mksquash

import (
	"fmt"
	iofs "io/fs"
	"maps"
	"slices"
	"strings"
)

// Node is one inode: a directory, a symbolic link or a regular file. One regular file under several
// names is a hard link.
type Node struct {
	Mode     iofs.FileMode    // type (directory, symlink or regular) and permissions
	Data     []byte           // of a regular file
	Target   string           // of a symbolic link
	Children map[string]*Node // of a directory

	number uint32 // from 1, in the order of the walk
	links  uint32 // names of a file; 2 + subdirectories for a directory
	parent uint32 // number of a directory's parent
	ref    uint64 // place in the inode table: block offset << 16 | offset in the block; placed
	placed bool
	blocks []*block // of a regular file, all but the tail
	tail   *tail    // of a regular file, nil if its size is a multiple of the block size
}

// modTime is every inode's and the image's own.
const modTime = 1_740_787_200 // 2025-03-01 00:00:00 UTC

// names returns a directory's entries in the order that squashfs demands: by bytes.
func (n *Node) names() []string { return slices.Sorted(maps.Keys(n.Children)) }

// number gives each inode below root its number and counts its links; it refuses what can not be
// written.
func number(root *Node) (count uint32, err error) {
	if !root.Mode.IsDir() {
		return 0, fmt.Errorf("the root is no directory")
	}
	root.number, root.links, root.placed = 1, 2, false
	count = 1
	err = numberBelow(root, &count)
	root.parent = count + 1 // as mksquashfs marks the root
	return count, err
}

// numberBelow does it for the entries of dir, recursively.
func numberBelow(dir *Node, count *uint32) error {
	for _, name := range dir.names() {
		n := dir.Children[name]
		if name == "" || len(name) > 256 || strings.ContainsAny(name, "/\x00") {
			return fmt.Errorf("name %q: want 1 to 256 bytes without a slash", name)
		}
		if n.number != 0 {
			if !n.Mode.IsRegular() {
				return fmt.Errorf("%q has two names, only regular files can", name)
			}
			n.links++
			continue
		}
		*count++
		n.number, n.links, n.parent = *count, 1, dir.number
		if !n.Mode.IsDir() {
			continue
		}
		n.links = 2
		dir.links++
		if err := numberBelow(n, count); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
