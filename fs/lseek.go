package fs

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/tree"
)

// Lseek finds holes and data; all else the kernel knows itself.
func (h *handlers) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	seek := h.tree.SeekData
	switch in.Whence {
	case unix.SEEK_DATA:
	case unix.SEEK_HOLE:
		seek = h.tree.SeekHole
	default:
		return fuse.EINVAL
	}
	if in.Offset > 1<<63-1 {
		return fuse.Status(syscall.ENXIO)
	}
	ctx := h.begin(cancel, &in.InHeader)
	defer ctx.end()
	at, err := seek(ctx, tree.NodeID(in.NodeId), int64(in.Offset))
	if err != nil {
		return h.status(ctx, call{op: "lseek", node: in.NodeId, off: int64(in.Offset)}, err)
	}
	out.Offset = uint64(at)
	return fuse.OK
}
