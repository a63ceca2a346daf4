package xz

import "encoding/binary"

// repeat copies length bytes of window from byte from to byte n, one after the other where they overlap,
// and returns where that ends. It may write 7 bytes more, but never behind window.
func repeat(window []byte, n, from, length int) int {
	end := n + length
	if n-from < 8 || len(window)-end < 8 {
		return overlap(window, n, from, end)
	}
	for ; n < end; n, from = n+8, from+8 {
		binary.LittleEndian.PutUint64(window[n:], binary.LittleEndian.Uint64(window[from:]))
	}
	return end
}

// overlap fills window[n:end] from byte from on, in steps that double.
func overlap(window []byte, n, from, end int) int {
	for n < end {
		n += copy(window[n:end], window[from:n])
	}
	return end
}
