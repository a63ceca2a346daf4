package codectest

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// guarded is memory between two pages that can be neither read nor written: a decoder that leaves
// its slices there, be it in assembly, ends the program.
type guarded struct{ mem []byte }

// newGuarded returns room for n bytes; the end of the test frees it.
func newGuarded(t testing.TB, n int) guarded {
	t.Helper()
	page := unix.Getpagesize()
	n = (n + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, n+2*page, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap of %d bytes: %v", n+2*page, err)
	}
	t.Cleanup(func() { unix.Munmap(all) })
	if err := unix.Mprotect(all[page:][:n], unix.PROT_READ|unix.PROT_WRITE); err != nil {
		t.Fatalf("mprotect: %v", err)
	}
	return guarded{all[page : page+n : page+n]}
}

// head returns the first n bytes.
func (g guarded) head(n int) []byte { return g.mem[:n:n] }

// tail returns the last n bytes.
func (g guarded) tail(n int) []byte { return g.mem[len(g.mem)-n:] }

// put copies p to the end.
func (g guarded) put(p []byte) []byte {
	copy(g.tail(len(p)), p)
	return g.tail(len(p))
}

// fill makes p all b and returns it.
func fill(p []byte, b byte) []byte {
	if len(p) > 0 {
		p[0] = b
		for n := 1; n < len(p); n *= 2 {
			copy(p[n:], p[:n])
		}
	}
	return slices.Clip(p)
}
