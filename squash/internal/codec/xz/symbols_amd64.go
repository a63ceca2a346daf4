//go:build !purego

package xz

//go:generate go run ./internal/gen

// lookahead is how many bytes the assembly reads beyond those it uses.
const lookahead = 4

//go:noescape
func symbolsAsm(c *coder, window *byte, n, stop, size int, src *byte, off, end int) (n2, off2 int, ok bool)

func (c *coder) symbols(window []byte, n, stop int, src []byte, off, end int) (int, int, bool) {
	if c.portable || end+slack+lookahead > len(src) {
		return c.symbolsGo(window, n, stop, src, off, end)
	}
	return symbolsAsm(c, &window[0], n, stop, len(window), &src[0], off, end)
}
