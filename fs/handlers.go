package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/tree"
)

// handlers translates what go-fuse decoded into calls of the tree. What is not here, such as ACCESS
// and FSYNC, is answered ENOSYS by the default: the kernel then does without.
type handlers struct {
	fuse.RawFileSystem
	*Server
	valid uint64      // seconds
	opens fuse.Status // of OPEN, OPENDIR and FLUSH
}

// forever is how long the kernel may keep what it was told, in seconds: the image never changes.
const forever = 100 * 365 * 24 * 3600

func (s *Server) handlers() *handlers {
	return &handlers{
		RawFileSystem: fuse.NewDefaultRawFileSystem(), Server: s,
		valid: either[uint64](s.cfg, Forever, forever, second), opens: either(s.cfg, NoOpens, fuse.ENOSYS, fuse.OK),
	}
}

// Open tells the kernel to open files without asking, and to keep their pages.
func (h *handlers) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return h.opens
}

// OpenDir tells the kernel to open directories without asking, and to keep their entries.
func (h *handlers) OpenDir(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return h.opens
}

// Flush tells the kernel not to send one at each close.
func (h *handlers) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return h.opens }

// Lookup finds a name. That there is none is worth remembering, too: node 0.
func (h *handlers) Lookup(cancel <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	ctx := h.begin(cancel, in)
	defer ctx.end()
	out.EntryValid, out.AttrValid = h.valid, h.valid
	attr, err := h.tree.Lookup(ctx, tree.NodeID(in.NodeId), name)
	if err != nil {
		status := h.status(ctx, call{op: "lookup", node: in.NodeId, name: name}, err)
		if status != fuse.ENOENT {
			return status
		}
		return fuse.OK
	}
	out.NodeId = uint64(attr.Node)
	h.fill(&out.Attr, attr)
	return fuse.OK
}

// GetAttr tells what stat(2) wants to know.
func (h *handlers) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	ctx := h.begin(cancel, &in.InHeader)
	defer ctx.end()
	attr, err := h.tree.Attr(ctx, tree.NodeID(in.NodeId))
	if err != nil {
		return h.status(ctx, call{op: "getattr", node: in.NodeId}, err)
	}
	out.AttrValid = h.valid
	h.fill(&out.Attr, attr)
	return fuse.OK
}

// Read fills buf, or less at the end of the file.
func (h *handlers) Read(cancel <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	ctx := h.begin(cancel, &in.InHeader)
	defer ctx.end()
	n, err := h.tree.ReadAt(ctx, tree.NodeID(in.NodeId), buf, int64(in.Offset))
	if err != nil {
		return nil, h.status(ctx, call{op: "read", node: in.NodeId, off: int64(in.Offset), n: len(buf)}, err)
	}
	if n == len(buf) {
		return nil, fuse.OK // the bytes are in the reply already
	}
	return fuse.ReadResultData(buf[:n]), fuse.OK
}

// Readlink tells where a symbolic link points to.
func (h *handlers) Readlink(cancel <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	ctx := h.begin(cancel, in)
	defer ctx.end()
	target, err := h.tree.Readlink(ctx, tree.NodeID(in.NodeId))
	if err != nil {
		return nil, h.status(ctx, call{op: "readlink", node: in.NodeId}, err)
	}
	return []byte(target), fuse.OK
}

// StatFs tells the totals. It waits for nothing, so that df does not either as long as less than
// MaxRequests do.
func (h *handlers) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	st := h.tree.Statfs()
	*out = fuse.StatfsOut{Blocks: st.Blocks, Files: st.Files, Bsize: st.BlockSize, Frsize: st.BlockSize, NameLen: st.NameLen}
	return fuse.OK
}

// fill writes attributes as the kernel wants them.
func (h *handlers) fill(out *fuse.Attr, a tree.Attr) {
	second := uint64(a.ModTime)
	*out = fuse.Attr{
		Ino: a.Ino, Size: uint64(a.Size), Blocks: uint64(a.Blocks), Mode: a.Mode, Nlink: a.Nlink,
		Owner: fuse.Owner{Uid: a.UID, Gid: a.GID}, Rdev: a.Rdev,
		Atime: second, Mtime: second, Ctime: second, Blksize: h.tree.BlockSize(),
	}
}
