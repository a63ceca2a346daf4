package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/tree"
)

// ReadDir lists names.
func (h *handlers) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return h.list(cancel, in, func(_ *deadline, e tree.Entry) bool { return out.AddDirEntry(dirEntry(e)) })
}

// ReadDirPlus lists names and attributes, so that no lookup has to follow. A name whose attributes
// can not be had is listed all the same: whoever asks for them will get the error, nobody else.
func (h *handlers) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	failed := false
	return h.list(cancel, in, func(ctx *deadline, e tree.Entry) bool {
		entry := out.AddDirLookupEntry(dirEntry(e))
		if entry == nil {
			return false
		}
		if e.Node == 0 || failed {
			return true
		}
		attr, err := h.tree.Attr(ctx, e.Node)
		if err != nil {
			h.status(ctx, call{op: "getattr", node: uint64(e.Node), name: e.Name}, err)
			// One broken inode may be followed by good ones, but not one wait by more waits.
			failed = !malformed(err)
			return true
		}
		entry.NodeId, entry.EntryValid, entry.AttrValid = uint64(attr.Node), h.valid, h.valid
		h.fill(&entry.Attr, attr)
		return true
	})
}

// list calls add for the entries that the request asks for, until add says that no more fit.
func (h *handlers) list(cancel <-chan struct{}, in *fuse.ReadIn, add func(*deadline, tree.Entry) bool) fuse.Status {
	ctx := h.begin(cancel, &in.InHeader)
	defer ctx.end()
	added := 0
	err := h.tree.ReadDir(ctx, tree.NodeID(in.NodeId), in.Offset, func(e tree.Entry) bool {
		if !add(ctx, e) {
			return false
		}
		added++
		return true
	})
	if err == nil {
		return fuse.OK
	}
	status := h.status(ctx, call{op: "readdir", node: in.NodeId, off: int64(in.Offset)}, err)
	if added > 0 {
		return fuse.OK // the next request starts behind these and meets the error at once
	}
	return status
}

func dirEntry(e tree.Entry) fuse.DirEntry {
	return fuse.DirEntry{Name: e.Name, Ino: e.Ino, Mode: e.Type, Off: e.Cookie}
}
