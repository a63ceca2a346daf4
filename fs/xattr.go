package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/tree"
)

// GetXAttr copies the value of an extended attribute to dest and returns its length; an empty dest
// asks for the length only.
func (h *handlers) GetXAttr(cancel <-chan struct{}, in *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	ctx := h.begin(cancel, in)
	defer ctx.end()
	value, err := h.tree.Xattr(ctx, tree.NodeID(in.NodeId), name)
	if err != nil {
		return 0, h.status(ctx, call{op: "getxattr", node: in.NodeId, name: name}, err)
	}
	return deliver(dest, value)
}

// ListXAttr copies the names, each with a zero byte behind it.
func (h *handlers) ListXAttr(cancel <-chan struct{}, in *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	ctx := h.begin(cancel, in)
	defer ctx.end()
	names, err := h.tree.XattrNames(ctx, tree.NodeID(in.NodeId))
	if err != nil {
		return 0, h.status(ctx, call{op: "listxattr", node: in.NodeId}, err)
	}
	var list []byte
	for _, name := range names {
		list = append(append(list, name...), 0)
	}
	return deliver(dest, list)
}

func deliver(dest, value []byte) (uint32, fuse.Status) {
	if len(dest) > 0 && len(dest) < len(value) {
		return uint32(len(value)), fuse.ERANGE
	}
	copy(dest, value)
	return uint32(len(value)), fuse.OK
}
