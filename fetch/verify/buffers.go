package verify

import "sync"

// buffers are kept for the next run: to clear 8 MiB of new memory for each costs a tenth of what it costs
// to verify them. A Source does not retain what it fills, so that they can be used again at once.
type buffers struct{ free sync.Pool }

// take returns a buffer of n bytes, with anything in it.
func (b *buffers) take(n int) []byte {
	if p, ok := b.free.Get().(*[]byte); ok && cap(*p) >= n {
		return (*p)[:n]
	}
	return make([]byte, n)
}

// give takes a buffer back.
func (b *buffers) give(p []byte) { b.free.Put(&p) }
