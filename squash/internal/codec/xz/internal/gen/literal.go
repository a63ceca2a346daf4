package main

// symbol decodes whether a symbol is a match. It leaves the position's state in R14 and the place of
// the flag in DX.
func (g *generator) symbol() {
	g.op("PCALIGN $64")
	g.label("symbol", "the next one, when there is room and source")
	g.op("CMPQ %s, %s", dst, stop)
	g.op("JCC done")
	g.op("CMPQ %s, %s", src, end)
	g.op("JHI done")
	g.op("MOVL %s, R14", dst)
	g.op("SUBL %s, R14", window)
	g.op("ANDL coder_pbMask(%s), R14", self)
	g.op("LEAQ (%s)(R14*2), DX", state)
	g.branch(indexed("isMatch", "DX"), "match")
}

// context leaves in to the probabilities of the literal at the position in AX, of which CX is the last
// byte, or its upper bits. It is called with AX as an address.
func (g *generator) context(self, to string) {
	g.op("SUBL %s, AX", window)
	g.op("SHLL $8, AX")
	g.op("ADDL CX, AX")
	g.op("ANDL coder_litMask(%s), AX", self)
	g.op("IMULL coder_litSize(%s), AX", self)
	g.op("LEAQ (coder_probs+probs_literal)(%s)(AX*1), %s", self, to)
}

// chosen is how many bits of a byte are known when they choose the next literal's coder: lc is at most
// 4. Later there would be no time left for it.
const chosen = 5

// foresee finds the next literal's probabilities. The leading one of sym, moved to bit 8, makes this
// one's position that of the next.
func (g *generator) foresee(sym, self string) {
	g.op("MOVL %s, CX", sym)
	g.op("SHLL $%d, CX", 8-chosen)
	g.context(self, "AX")
	g.op("MOVQ AX, %s", coming)
}

// literal decodes a byte after another.
func (g *generator) literal() {
	g.op("CMPL %s, $(7*32)", state)
	g.op("JCC matched")
	sym := g.bits(8, func(decoded int, sym string) {
		if decoded == chosen {
			g.op("MOVL %s, AX", dst)
			g.foresee(sym, self)
		}
	})
	g.op("MOVQ %s, %s", coming, tree)
	g.op("MOVB %s, (%s)", sym, dst)
	g.op("INCQ %s", dst)
	g.op("XORL %s, %s", tmp, tmp)
	g.op("SUBL $(3*32), %s", state)
	g.op("CMOVLCS %s, %s", tmp, state)
	g.op("JMP symbol")
}

// expectations are the constants that make the indices of the nodes on the way to a byte: by their bit
// as it stands in byte<<(k+1), and by those before it, byte<<(8+k)>>16.
func (g *generator) expectations() {
	var v []int
	for _, first := range []int{2, 256} {
		for k := range 8 {
			v = append(v, first<<k)
		}
	}
	for range 8 {
		v = append(v, 256)
	}
	g.table("expectations", 2, v)
}

// expect stores which probabilities are used as long as a literal is like the byte in sym, which has a
// leading one.
func (g *generator) expect(sym string) {
	g.op("MOVQ %s, X1", sym)
	g.op("PSHUFLW $0, X1, X1")
	g.op("PUNPCKLQDQ X1, X1")
	g.op("MOVO X1, X2")
	g.op("PMULLW expectations<>+0(SB), X1")
	g.op("PMULHUW expectations<>+16(SB), X2")
	g.op("PAND expectations<>+32(SB), X1")
	g.op("PADDW expectations<>+32(SB), X2")
	g.op("PADDW X2, X1")
	g.op("MOVOU X1, nodes-%d(SP)", nodes)
}

// matched decodes a byte after a match. As long as it is like the one behind the source of that match,
// its probabilities are those of other trees, and so their places are known before any bit is: each
// index is 256 or 512, by the bit expected there, and that of an ordinary node.
func (g *generator) matched() {
	const index, expected = dst, self // which are saved
	g.label("matched", "a literal after a match")
	g.op("MOVL coder_rep(%s), AX", self)
	g.op("MOVQ %s, CX", dst)
	g.op("SUBQ %s, CX", window)
	g.op("CMPQ AX, CX")
	g.op("JCC bad")
	g.op("MOVQ %s, CX", dst)
	g.op("SUBQ AX, CX")
	g.op("MOVBLZX -1(CX), CX")
	g.op("ORL $0x100, CX")
	g.expect("CX")
	g.op("MOVL %s, %s", state, stateAt)
	g.op("MOVQ %s, %s", dst, dstAt)
	g.op("LEAL (CX)(CX*1), %s", index)
	g.op("ANDL $0x100, %s", index)
	g.op("ADDL $0x101, %s", index)

	r := root
	g.op("MOVL $1, %s", r.sym)
	g.op("MOVWLZX (%s)(%s*2), %s", tree, index, r.prob)
	for i := range 8 {
		last := i == 7
		if !last {
			g.expectedChildren(r, i, expected)
		}
		g.choose(r, last)
		g.op("MOVW %s, (%s)(%s*2)", r.prob, tree, index)
		r = r.below()
		if !last {
			g.op("MOVBLZX %s, AX", expected)
			g.op("MOVL %s, %s", r.sym, index)
			g.op("CMPL %s, AX", r.sym)
			g.op("CMOVLEQ %s, %s", expected, index)
		}
		if i+1 == chosen {
			g.op("MOVQ c+0(FP), BP")
			g.op("MOVL %s, AX", dstAt)
			g.foresee(r.sym, "BP")
		}
	}
	g.op("MOVQ c+0(FP), %s", self)
	g.op("MOVQ %s, %s", dstAt, dst)
	g.op("MOVL %s, %s", stateAt, state)
	g.op("MOVQ %s, %s", coming, tree)
	g.op("MOVB %s, (%s)", r.sym, dst)
	g.op("INCQ %s", dst)
	g.op("LEAL -(3*32)(%s), %s", state, tmp)
	g.op("LEAL -(6*32)(%s), AX", state)
	g.op("CMPL %s, $(10*32)", state)
	g.op("MOVL AX, %s", state)
	g.op("CMOVLCS %s, %s", tmp, state)
	g.op("JMP symbol")
}

// expectedChildren is children where one of the two may be the expected one, whose index is left in
// expected. Its low byte is the index of the ordinary node.
func (g *generator) expectedChildren(r node, depth int, expected string) {
	g.op("MOVWLZX nodes-%d(SP), %s", nodes-2*(depth+1), expected)
	g.op("MOVBLZX %s, %s", expected, tmp)
	g.op("MOVWLZX (%s)(%s*2), %s", tree, expected, saved)
	g.children(r, depth)
	g.op("LEAL (%s)(%s*1), %s", r.sym, r.sym, r.next)
	g.op("CMPL %s, %s", r.next, tmp)
	g.op("CMOVLEQ %s, %s", saved, r.zero)
	g.op("INCL %s", r.next)
	g.op("CMPL %s, %s", r.next, tmp)
	g.op("CMOVLEQ %s, %s", saved, r.one)
}
