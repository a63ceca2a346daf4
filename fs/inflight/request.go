package inflight

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Sizes and numbers from the kernel's include/uapi/linux/fuse.h.
const (
	headerSize = 40
	replySize  = 16

	opForget      = 2
	opInterrupt   = 36
	opBatchForget = 42
)

// Resent is the bit in Unique of a request that the kernel has sent again.
const Resent = 1 << 63

// Request is the header of a request, as much as is needed to refuse it.
type Request struct {
	Opcode uint32
	Unique uint64

	length uint32
	slot   int
}

// Header reads the header of a request, at least 40 bytes, that lies in no table.
func Header(p []byte) Request { return request(-1, p) }

func request(slot int, h []byte) Request {
	return Request{
		length: binary.NativeEndian.Uint32(h), Opcode: binary.NativeEndian.Uint32(h[4:]),
		Unique: binary.NativeEndian.Uint64(h[8:]), slot: slot,
	}
}

// valid tells a request from an empty slot. No request has the number 0: a reply to it would be taken
// for a message of another kind.
func (r Request) valid() bool {
	return r.length >= headerSize && r.length <= SlotSize && r.Unique != 0
}

// ID is the same for a request and for what the kernel sends again of it.
func (r Request) ID() uint64 { return r.Unique &^ Resent }

// Refusal is the reply that ends r with code, nil if nobody waits for a reply.
func (r Request) Refusal(code unix.Errno) []byte {
	switch r.Opcode {
	case opForget, opBatchForget, opInterrupt:
		return nil
	}
	return ErrorReply(r.Unique, code)
}

// ErrorReply is a reply that says code and nothing else.
func ErrorReply(unique uint64, code unix.Errno) []byte {
	p := make([]byte, replySize)
	binary.NativeEndian.PutUint32(p, replySize)
	binary.NativeEndian.PutUint32(p[4:], uint32(-int32(code)))
	binary.NativeEndian.PutUint64(p[8:], unique)
	return p
}
