package tree

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Info is what the root directory tells about the image in extended attributes user.pinfs.*,
// without asking the origin.
type Info struct {
	Pin      string
	Name     string
	Revision int
	Source   string
	State    func() string // the mount's state now; nil for none
}

// HasXattrs reports whether any node but the root can have extended attributes.
func (t *Tree) HasXattrs() bool { return t.super.HasXattrs() }

// Xattr returns the value of one extended attribute; ErrNoXattr if the node has none of that name.
func (t *Tree) Xattr(ctx context.Context, id NodeID, name string) ([]byte, error) {
	if id == Root {
		if value, ok := t.info.value(name); ok {
			return []byte(value), nil
		}
	}
	inode, err := t.inode(ctx, id)
	if err != nil {
		return nil, err
	}
	value, found, err := t.image.Xattr(ctx, inode, name)
	if err == nil && !found {
		err = fmt.Errorf("%q: %w", name, ErrNoXattr)
	}
	return value, err
}

// XattrNames returns the names of a node's extended attributes, the image's own first.
func (t *Tree) XattrNames(ctx context.Context, id NodeID) ([]string, error) {
	inode, err := t.inode(ctx, id)
	if err != nil {
		return nil, err
	}
	names, err := t.image.XattrNames(ctx, inode)
	if err != nil || id != Root {
		return names, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { _, ours := t.info.value(name); return ours })
	return append(names, t.info.names()...), nil
}

// infoNames are the attributes that Info makes.
var infoNames = []string{"user.pinfs.pin", "user.pinfs.name", "user.pinfs.revision", "user.pinfs.source", "user.pinfs.state"}

// value returns the attribute called name; one that is empty is not there.
func (i Info) value(name string) (value string, ok bool) {
	switch name {
	case "user.pinfs.pin":
		value = i.Pin
	case "user.pinfs.name":
		value = i.Name
	case "user.pinfs.revision":
		if i.Revision > 0 {
			value = strconv.Itoa(i.Revision)
		}
	case "user.pinfs.source":
		value = i.Source
	case "user.pinfs.state":
		if i.State != nil {
			value = i.State()
		}
	}
	return value, value != ""
}

func (i Info) names() []string {
	var names []string
	for _, name := range infoNames {
		if _, ok := i.value(name); ok {
			names = append(names, name)
		}
	}
	return names
}
