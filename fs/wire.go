package fs

import (
	"bytes"
	"encoding/binary"
	"syscall"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/inflight"
)

// Requests that the loop has to know, from the kernel's include/uapi/linux/fuse.h.
const (
	opRead        = 15
	opGetXattr    = 22
	opListXattr   = 23
	opInit        = 26
	opReadDir     = 28
	opBmap        = 37
	opIoctl       = 39
	opPoll        = 40
	opReadDirPlus = 44
	opSyncfs      = 50
	opStatx       = 52
)

const (
	headerSize      = int(unsafe.Sizeof(fuse.InHeader{}))
	replyHeaderSize = int(unsafe.Sizeof(fuse.OutHeader{}))
	// smallReply holds any reply without variable part.
	smallReply = 512
)

// request is one request as the kernel wrote it, at least a header long.
type request []byte

func (r request) opcode() uint32 { return binary.NativeEndian.Uint32(r[4:]) }
func (r request) unique() uint64 { return binary.NativeEndian.Uint64(r[8:]) }
func (r request) node() uint64   { return binary.NativeEndian.Uint64(r[16:]) }

// direct tells which requests get an error before go-fuse sees them. ENOSYS makes the kernel do
// without the request for good.
func (r request) direct() (fuse.Status, bool) {
	switch r.opcode() {
	case opBmap, opPoll, opSyncfs, opStatx:
		return fuse.ENOSYS, true
	case opIoctl:
		return fuse.Status(syscall.ENOTTY), true
	}
	// go-fuse has a file of its own in every root, for a purpose that we do not have.
	if r.node() == ^uint64(0) {
		return fuse.Status(syscall.ESTALE), true
	}
	if r.node() == fuse.FUSE_ROOT_ID && bytes.HasPrefix(r[headerSize:], []byte(".go-fuse-epoll-hack\x00")) {
		return fuse.ENOENT, true
	}
	return fuse.OK, false
}

// replySize returns how long the reply can become, in bytes.
func (r request) replySize() int {
	at := 0 // where the request says how much it wants
	switch r.opcode() {
	case opRead, opReadDir, opReadDirPlus:
		at = int(unsafe.Offsetof(fuse.ReadIn{}.Size))
	case opGetXattr, opListXattr:
		at = headerSize
	}
	if at == 0 || len(r) < at+4 {
		return smallReply
	}
	return smallReply + int(min(binary.NativeEndian.Uint32(r[at:]), maxRead))
}

// errorReply is the reply to r that says code and nothing else.
func errorReply(r request, code fuse.Status) []byte {
	return inflight.ErrorReply(r.unique(), syscall.Errno(code))
}

// shrinkWrites lowers max_write in the reply to INIT. go-fuse makes it as large as the reads, but
// nothing is ever written here, and the kernel demands read buffers of that size.
func shrinkWrites(reply []byte) {
	at := replyHeaderSize + int(unsafe.Offsetof(fuse.InitOut{}.MaxWrite))
	if len(reply) >= at+4 {
		binary.NativeEndian.PutUint32(reply[at:], 4096)
	}
}
