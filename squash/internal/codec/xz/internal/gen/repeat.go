package main

// repeat copies a match. Its source must lie in the dictionary and its end in the window. Steps of 16
// bytes may write 15 more than wanted, so there must be room for those.
func (g *generator) repeat() {
	g.label("repeat", "")
	g.op("MOVL coder_rep(%s), AX", self)
	g.op("MOVL %s, R14", length)
	g.op("CMPL AX, coder_dictSize(%s)", self)
	g.op("JCC bad")
	g.op("MOVQ %s, DX", dst)
	g.op("SUBQ %s, DX", window)
	g.op("CMPQ AX, DX")
	g.op("JCC bad")
	g.op("MOVQ %s, R13", limit)
	g.op("SUBQ %s, R13", dst)
	g.op("SUBQ R14, R13")
	g.op("JCS bad")
	g.op("MOVQ %s, DX", dst)
	g.op("SUBQ AX, DX")
	g.op("DECQ DX")
	g.op("LEAQ (%s)(R14*1), CX", dst)
	g.op("CMPQ R13, $16")
	g.op("JCS bytes")
	g.op("CMPL AX, $15")
	g.op("JCS bytes")
	g.op("CMPQ AX, R14")
	g.op("JCS overlap")

	g.op("MOVBLZX -1(DX)(R14*1), R14") // the last byte, sooner than where it is written
	g.wide("wide")
	g.op("MOVL R14, CX")

	g.op("PCALIGN $32")
	g.label("context", "CX is the last byte")
	g.op("MOVL %s, AX", dst)
	g.context(self, tree)
	g.op("JMP symbol")

	g.wide("overlap")
	g.op("MOVBLZX -1(%s), CX", dst)
	g.op("JMP context")

	g.label("bytes", "from DX up to CX")
	g.op("MOVBLZX (DX), AX")
	g.op("MOVB AX, (%s)", dst)
	g.op("INCQ DX")
	g.op("INCQ %s", dst)
	g.op("CMPQ %s, CX", dst)
	g.op("JCS bytes")
	g.op("MOVL AX, CX")
	g.op("JMP context")
}

// wide copies from DX up to CX.
func (g *generator) wide(name string) {
	g.label(name, "from DX up to CX, 16 bytes at a time")
	g.op("MOVOU (DX), X0")
	g.op("MOVOU X0, (%s)", dst)
	g.op("ADDQ $16, DX")
	g.op("ADDQ $16, %s", dst)
	g.op("CMPQ %s, CX", dst)
	g.op("JCS %s", name)
	g.op("MOVQ CX, %s", dst)
}
