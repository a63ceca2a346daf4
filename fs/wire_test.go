package fs

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// bytesOf is v as it lies in memory, which is how the kernel writes requests.
func bytesOf[T any](v T, tail ...byte) request {
	return append(append(request{}, unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))...), tail...)
}

func header(op uint32, node uint64) fuse.InHeader {
	return fuse.InHeader{Opcode: op, Unique: 77, NodeId: node}
}

func TestReplySize(t *testing.T) {
	tests := []struct {
		in   request
		want int
	}{
		{bytesOf(fuse.ReadIn{InHeader: header(opRead, 2), Size: 4096}), smallReply + 4096},
		{bytesOf(fuse.ReadIn{InHeader: header(opReadDirPlus, 2), Size: maxRead}), smallReply + maxRead},
		{bytesOf(fuse.ReadIn{InHeader: header(opRead, 2), Size: 1 << 31}), smallReply + maxRead},
		{bytesOf(fuse.GetXAttrIn{InHeader: header(opGetXattr, 2), Size: 256}), smallReply + 256},
		{bytesOf(fuse.GetAttrIn{InHeader: header(3, 2)}), smallReply},
		{bytesOf(header(opRead, 2)), smallReply}, // cut short
	}
	for _, tt := range tests {
		if got := tt.in.replySize(); got != tt.want {
			t.Errorf("replySize(opcode %d) = %d, want %d", tt.in.opcode(), got, tt.want)
		}
	}
}

func TestDirect(t *testing.T) {
	tests := []struct {
		in     request
		want   fuse.Status
		direct bool
	}{
		{bytesOf(header(opStatx, 1)), fuse.ENOSYS, true},
		{bytesOf(header(opIoctl, 1)), 25, true},
		{bytesOf(header(1, 1), []byte(".go-fuse-epoll-hack\x00")...), fuse.ENOENT, true},
		{bytesOf(header(1, 1), []byte(".go-fuse-epoll-hacks\x00")...), fuse.OK, false},
		{bytesOf(header(1, ^uint64(0)), []byte(".\x00")...), 116, true},
		{bytesOf(header(1, 5), []byte("x\x00")...), fuse.OK, false},
	}
	for _, tt := range tests {
		if got, direct := tt.in.direct(); got != tt.want || direct != tt.direct {
			t.Errorf("direct(%q) = %v, %v, want %v, %v", []byte(tt.in), got, direct, tt.want, tt.direct)
		}
	}
}

func TestErrorReply(t *testing.T) {
	p := errorReply(bytesOf(header(1, 1)), fuse.EIO)
	length, code, unique := binary.NativeEndian.Uint32(p), int32(binary.NativeEndian.Uint32(p[4:])), binary.NativeEndian.Uint64(p[8:])
	if len(p) != 16 || length != 16 || code != -5 || unique != 77 {
		t.Errorf("errorReply = length %d, code %d, unique %d", length, code, unique)
	}
}

func TestBuffers(t *testing.T) {
	var b buffers
	for _, n := range []int{1, smallReply, 8 << 10, 8<<10 + 1, 1<<20 + smallReply} {
		p := b.reply(n)
		if len(*p) < n {
			t.Errorf("reply(%d) has %d bytes", n, len(*p))
		}
		b.giveReply(p)
	}
}
