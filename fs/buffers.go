package fs

import "sync"

// replySizes are the sizes of reply buffers: for metadata, for a directory or the default read-ahead,
// for the largest read.
var replySizes = [...]int{8 << 10, 160 << 10, maxRead + 8<<10}

// buffers keeps reply buffers for the next user; idle ones are left to the garbage collector. The zero
// value works.
type buffers struct {
	replies [len(replySizes)]sync.Pool
}

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
