package squash

import (
	"fmt"
	iofs "io/fs"
	"strings"
)

// maxLinks is how many symbolic links a name may lead through, as in Linux.
const maxLinks = 40

// lastLink says what happens to a symbolic link at the end of a name.
type lastLink int

const (
	followLast lastLink = iota
	keepLast
)

// find returns the inode that name leads to; its errors are *fs.PathError for op.
func (f *imageFS) find(op, name string, last lastLink) (*Inode, error) {
	if !iofs.ValidPath(strings.ToValidUTF8(name, "x")) {
		return nil, pathError(op, name, iofs.ErrInvalid)
	}
	root, err := f.m.Inode(f.ctx, f.m.sb.Root)
	if err != nil {
		return nil, pathError(op, name, err)
	}
	w := walk{fs: f, trail: []*Inode{root}, todo: strings.Split(name, "/"), last: last}
	for len(w.todo) > 0 {
		if err := w.step(); err != nil {
			return nil, pathError(op, name, err)
		}
	}
	return w.here(), nil
}

// walk is the way along a name.
type walk struct {
	fs    *imageFS
	trail []*Inode // from the root to where the walk is
	todo  []string // parts of the name that are left
	last  lastLink
	links int // followed so far
}

func (w *walk) here() *Inode { return w.trail[len(w.trail)-1] }

// step goes along the next part.
func (w *walk) step() error {
	part := w.todo[0]
	w.todo = w.todo[1:]
	switch {
	case !w.here().IsDir():
		return iofs.ErrNotExist
	case part == "" || part == ".":
		return nil
	case part == ".." && len(w.trail) == 1:
		return fmt.Errorf("symbolic link leads out of the image: %w", iofs.ErrInvalid)
	case part == "..":
		w.trail = w.trail[:len(w.trail)-1]
		return nil
	}
	return w.enter(part)
}

func (w *walk) enter(name string) error {
	m, ctx := w.fs.m, w.fs.ctx
	e, err := m.Lookup(ctx, w.here(), name)
	if err != nil {
		return err
	}
	ino, err := m.Inode(ctx, e.Ref)
	if err != nil {
		return err
	}
	if ino.Type() == ModeSymlink && (len(w.todo) > 0 || w.last == followLast) {
		return w.follow(ino)
	}
	if err := w.checkLoop(name, ino); err != nil {
		return err
	}
	w.trail = append(w.trail, ino)
	return nil
}

// checkLoop refuses to enter ino, found as name, if the way leads through it already: who walks a
// tree would never come to an end.
func (w *walk) checkLoop(name string, ino *Inode) error {
	for _, above := range w.trail {
		if above.Ref == ino.Ref {
			return malformed(w.here().dir.listing.block, "directory", "loop: entry %q of inode %d leads back to inode %d, which it lies in",
				name, w.here().Number, ino.Number)
		}
	}
	return nil
}

func (w *walk) follow(link *Inode) error {
	if w.links++; w.links > maxLinks {
		return fmt.Errorf("more than %d symbolic links: %w", maxLinks, iofs.ErrInvalid)
	}
	target, err := w.fs.m.Readlink(w.fs.ctx, link)
	if err != nil {
		return err
	}
	if target == "" {
		return iofs.ErrNotExist
	}
	if strings.HasPrefix(target, "/") {
		return fmt.Errorf("symbolic link to %q leads out of the image: %w", target, iofs.ErrInvalid)
	}
	w.todo = append(strings.Split(target, "/"), w.todo...)
	return nil
}
