//go:build !purego

package xz

//go:generate go run ./internal/gen symbols_amd64.s

// symbolsAsm is symbolsGo on pointers: the window has size bytes. It can not be preempted.
//
//go:noescape
func symbolsAsm(c *coder, window *byte, n, stop, size int, src *byte, off, end int) (n2, off2 int, ok bool)

func (c *coder) symbols(window []byte, n, stop int, src []byte, off, end int) (int, int, bool) {
	if c.portable {
		return c.symbolsGo(window, n, stop, src, off, end)
	}
	_ = src[end+slack-1] // what the assembly may read
	return symbolsAsm(c, &window[0], n, stop, len(window), &src[0], off, end)
}
