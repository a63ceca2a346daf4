package fs

import "sync"

// requestSize is the size of a read buffer in bytes. The kernel demands 8 KiB; more lets it tell us
// more forgotten nodes at a time.
const requestSize = 32 << 10

// replySizes are the sizes of reply buffers: for metadata, for a directory or the default read-ahead,
// for the largest read.
var replySizes = [...]int{8 << 10, 160 << 10, maxRead + 8<<10}

// buffers keeps request and reply buffers for the next user; idle ones are left to the garbage
// collector. The zero value works.
type buffers struct {
	requests sync.Pool
	replies  [len(replySizes)]sync.Pool
}

func (b *buffers) request() *[]byte {
	if p, ok := b.requests.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, requestSize)
	return &p
}

func (b *buffers) giveRequest(p *[]byte) { b.requests.Put(p) }

// reply returns a buffer of at least n bytes, at most the largest size.
func (b *buffers) reply(n int) *[]byte {
	for i, size := range replySizes {
		if n > size {
			continue
		}
		if p, ok := b.replies[i].Get().(*[]byte); ok {
			return p
		}
		p := make([]byte, size)
		return &p
	}
	p := make([]byte, n)
	return &p
}

func (b *buffers) giveReply(p *[]byte) {
	for i, size := range replySizes {
		if len(*p) == size {
			b.replies[i].Put(p)
		}
	}
}
