// Package prose makes contents of files that compress as source code does, or not at all.
package prose

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// vocabulary is what text is made of.
var vocabulary = strings.Fields(`image leaf pin manifest name record location store source tree raw
	projection node verdict overwritten corrupt unavailable denied conflict publish mount verify the a of
	every byte is what was published or an error and never zero short mixture again cache kernel page read
	return const static inline struct union enum void unsigned long double float template typename module
	subroutine function integer real allocate intent parallel reduction schedule nowait barrier`)

// Writer makes contents, always the same ones in the same order. It is not for concurrent use.
type Writer struct {
	chacha *rand.ChaCha8
	rnd    *rand.Rand
}

// NewWriter returns the writer that seed stands for.
func NewWriter(seed byte) *Writer {
	c := rand.NewChaCha8([32]byte{seed})
	return &Writer{c, rand.New(c)}
}

// IntN returns a number below n, from the same sequence as the contents.
func (w *Writer) IntN(n int) int { return w.rnd.IntN(n) }

// Noise returns n bytes that do not compress.
func (w *Writer) Noise(n int) []byte {
	b := make([]byte, n)
	w.chacha.Read(b)
	return b
}

// Text returns n bytes that compress about as source code does: words, numbers, and phrases that
// come back.
func (w *Writer) Text(n int) []byte {
	const phrase = 48 // at most added in one turn
	b := make([]byte, 0, n+phrase+1)
	for len(b) < n {
		switch from := w.rnd.IntN(1 << 14); {
		case from < len(b) && w.rnd.IntN(2) == 0:
			b = append(b, b[from:min(from+phrase, len(b))]...)
		case from%8 == 0:
			b = strconv.AppendUint(b, w.rnd.Uint64(), 16)
		default:
			b = append(b, vocabulary[w.rnd.IntN(len(vocabulary))]...)
		}
		b = append(b, " \n(;"[w.rnd.IntN(4)])
	}
	return b[:n:n]
}
