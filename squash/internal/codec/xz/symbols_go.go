//go:build !amd64 || purego

package xz

func (c *coder) symbols(window []byte, n, stop int, src []byte, off, end int) (int, int, bool) {
	return c.symbolsGo(window, n, stop, src, off, end)
}
