package sample

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/pinfs/pinfs/cmd/pinfs/internal/sample/mksquash"
)

// Entry is one path of the sample and what must be found there.
type Entry struct {
	Path   string        // relative to the root, "." for the root
	Mode   iofs.FileMode // type and permissions
	Size   int64         // bytes of a regular file
	SHA256 [32]byte      // of a regular file
	Target string        // of a symbolic link
	Links  int           // names of a regular file
}

// Tree is all entries of the sample, in byte order of their paths.
type Tree []Entry

// treeOf describes root's tree.
func treeOf(root *mksquash.Node) Tree {
	var t Tree
	links := map[*mksquash.Node]int{}
	walk(".", root, func(_ string, n *mksquash.Node) { links[n]++ })
	walk(".", root, func(path string, n *mksquash.Node) {
		e := Entry{Path: path, Mode: n.Mode, Target: n.Target}
		if n.Mode.IsRegular() {
			e.Size, e.SHA256, e.Links = int64(len(n.Data)), sha256.Sum256(n.Data), links[n]
		}
		t = append(t, e)
	})
	slices.SortFunc(t, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return t
}

// walk visits n and everything below it.
func walk(path string, n *mksquash.Node, visit func(path string, n *mksquash.Node)) {
	visit(path, n)
	for name, child := range n.Children {
		walk(filepath.Join(path, name), child, visit)
	}
}

// Check compares the entry with what is found below dir, a mount of the image: type, permissions,
// link target, number of hard links and all bytes of a regular file. An error of reading is returned as it is.
func (e Entry) Check(dir string) error {
	path := filepath.Join(dir, e.Path)
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if fi.Mode() != e.Mode {
		return fmt.Errorf("%s: mode %s, want %s", path, fi.Mode(), e.Mode)
	}
	switch e.Mode.Type() {
	case iofs.ModeSymlink:
		return e.checkTarget(path)
	case 0:
		if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Nlink) != e.Links {
			return fmt.Errorf("%s: %d links, want %d", path, st.Nlink, e.Links)
		}
		return e.checkBytes(path)
	}
	return nil
}

func (e Entry) checkTarget(path string) error {
	target, err := os.Readlink(path)
	if err == nil && target != e.Target {
		err = fmt.Errorf("%s: link to %q, want %q", path, target, e.Target)
	}
	return err
}

func (e Entry) checkBytes(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if got := h.Sum(nil); n != e.Size || !bytes.Equal(got, e.SHA256[:]) {
		return fmt.Errorf("%s: %d bytes with sha256 %x, want %d with %x", path, n, got, e.Size, e.SHA256)
	}
	return nil
}

// Check compares everything below dir with the tree: all entries must be there as they were made,
// and nothing else. It returns all differences, joined.
func (t Tree) Check(ctx context.Context, dir string) error {
	var errs []error
	for _, e := range t {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		errs = append(errs, e.Check(dir))
	}
	return errors.Join(append(errs, t.checkNames(dir))...)
}

// checkNames finds what is below dir but not in the tree.
func (t Tree) checkNames(dir string) error {
	var errs []error
	err := filepath.WalkDir(dir, func(path string, _ iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if _, ok := slices.BinarySearchFunc(t, rel, func(e Entry, p string) int { return cmp.Compare(e.Path, p) }); !ok {
			errs = append(errs, fmt.Errorf("%s: not in the image", path))
		}
		return err
	})
	return errors.Join(append(errs, err)...)
}
