// Command gen writes the symbol loop of the LZMA decoder in assembly for amd64.
//
// It is the twin of symbolsGo with two ideas that the compiler can not be made to follow. Nothing that
// is hard to predict is a branch: the bits of trees, and the filling up of the range, are done both
// ways and selected. And the probabilities of both possible next bits are loaded before it is known
// which is wanted.
package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	var g generator
	g.file()
	if err := os.WriteFile("symbols_amd64.s", g.out.Bytes(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generator writes assembly.
type generator struct {
	out    bytes.Buffer
	labels int // made up so far
}

// op writes an instruction.
func (g *generator) op(format string, args ...any) {
	fmt.Fprintf(&g.out, "\t"+format+"\n", args...)
}

// label writes a label.
func (g *generator) label(name string) { fmt.Fprintf(&g.out, "%s:\n", name) }

// note writes a comment.
func (g *generator) note(format string, args ...any) {
	fmt.Fprintf(&g.out, "\n\t// "+format+"\n", args...)
}

// fresh makes up a label.
func (g *generator) fresh() string {
	g.labels++
	return fmt.Sprintf("l%d", g.labels)
}

func (g *generator) outf(format string, args ...any) { fmt.Fprintf(&g.out, format, args...) }
