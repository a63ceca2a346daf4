package tree

import (
	"context"
	"errors"
	iofs "io/fs"

	"github.com/pinfs/pinfs/squash"
)

// Entry is one name of a directory.
type Entry struct {
	Name   string
	Node   NodeID // 0 for "." and ".."
	Ino    uint64
	Type   uint32 // S_IFxxx
	Cookie uint64 // ReadDir goes on behind this entry from here
}

// The first two cookies belong to the entries that no image stores; behind them a cookie is a
// squash.DirPos, shifted.
const (
	cookieDot    = 1
	cookieDotDot = 2
)

// ReadDir yields dir's entries behind cookie, 0 being the start, until yield says false. It keeps
// nothing between two calls.
func (t *Tree) ReadDir(ctx context.Context, dir NodeID, cookie uint64, yield func(Entry) bool) error {
	inode, err := t.inode(ctx, dir)
	if err != nil {
		return err
	}
	if cookie < cookieDot && !yield(Entry{Name: ".", Ino: uint64(inode.Number), Type: squash.ModeDir, Cookie: cookieDot}) {
		return nil
	}
	if cookie < cookieDotDot && !yield(Entry{Name: "..", Ino: uint64(inode.Parent), Type: squash.ModeDir, Cookie: cookieDotDot}) {
		return nil
	}
	pos := squash.DirPos(max(cookie, cookieDotDot) - cookieDotDot)
	return t.image.ReadDir(ctx, inode, pos, func(e squash.Entry) bool {
		return yield(Entry{
			Name: e.Name, Node: t.node(e.Ref), Ino: uint64(e.Number), Type: e.Type,
			Cookie: uint64(e.Next) + cookieDotDot,
		})
	})
}

// Lookup returns the attributes of name in dir; ErrNotExist if there is no such name. The names "."
// and ".." ask for dir itself and its parent: that is how a file handle of long ago (NFS) becomes a
// node again, so a node that the image does not have is ErrStale here.
func (t *Tree) Lookup(ctx context.Context, dir NodeID, name string) (Attr, error) {
	switch name {
	case ".":
		return t.revive(ctx, dir)
	case "..":
		return t.parent(ctx, dir)
	}
	inode, err := t.inode(ctx, dir)
	if err != nil {
		return Attr{}, err
	}
	entry, err := t.image.Lookup(ctx, inode, name)
	if err != nil {
		return Attr{}, absent(err)
	}
	return t.Attr(ctx, t.node(entry.Ref))
}

// revive checks that id is an inode of this image at all.
func (t *Tree) revive(ctx context.Context, id NodeID) (Attr, error) {
	attr, err := t.Attr(ctx, id)
	return attr, stale(err)
}

func (t *Tree) parent(ctx context.Context, dir NodeID) (Attr, error) {
	if dir == Root {
		return t.Attr(ctx, Root)
	}
	inode, err := t.inode(ctx, dir)
	if err != nil {
		return Attr{}, stale(err)
	}
	ref, err := t.image.ParentRef(ctx, inode)
	if err != nil {
		return Attr{}, stale(err)
	}
	return t.Attr(ctx, t.node(ref))
}

// absent tells a name that is not there, squash's bare error, from a Source that lost a file, which
// wraps it: only the first may be remembered by the kernel.
func absent(err error) error {
	if err == iofs.ErrNotExist {
		return ErrNotExist
	}
	return err
}

// stale makes what only a foreign handle can run into ErrStale: a reference to no inode, or, in an
// image without export table, to a parent that can not be found.
func stale(err error) error {
	if errors.Is(err, squash.ErrFormat) || errors.Is(err, errors.ErrUnsupported) {
		return errors.Join(ErrStale, err)
	}
	return err
}
