//go:build linux

package xz

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"
)

// guarded returns size bytes with memory before and behind them that ends the program when touched;
// the bytes are at the end of what may be touched, or at the start.
func guarded(t *testing.T, size int, atEnd bool) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	room := (size + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	for _, fence := range [][]byte{m[:page], m[page+room:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatalf("mprotect: %v", err)
		}
	}
	start := page
	if atEnd {
		start += room - size
	}
	return m[start : start+size : start+size]
}

// TestStaysInBounds decodes good and damaged chunks between fences.
func TestStaysInBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for name, want := range map[string][]byte{
		"code": program(t, 100<<10, 20_000), "period": bytes.Repeat(noise(7, 37), 300), "zeros": make([]byte, 5000), "short": []byte(hello),
	} {
		chunks := chunksOf(t, pack(t, want, "--lzma2=preset=9e,dict=64KiB"), len(want))
		stream := wrap(lzma2Only, chunks, len(want))
		for _, atEnd := range []bool{true, false} {
			dst, src := guarded(t, len(want), atEnd), guarded(t, len(stream), atEnd)
			copy(src, stream)
			if n, err := (Decoder{}).Decode(dst, src); err != nil || !bytes.Equal(dst[:n], want) {
				t.Errorf("%s: Decode = %d, %v", name, n, err)
			}
			for range 3000 {
				damaged := bytes.Clone(chunks)
				for range 1 + r.IntN(3) {
					damaged[6+r.IntN(len(chunks)-6)] ^= byte(r.IntN(256))
				}
				copy(src, wrap(lzma2Only, damaged, len(want)))
				Decoder{}.Decode(dst, src)
				Decoder{}.Decode(dst[r.IntN(len(dst)):], src)
			}
		}
	}
}
