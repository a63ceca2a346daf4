package main

// match decodes whether a match has a distance of its own.
func (g *generator) match() {
	g.label("match", "R14 is the position's state, DX the place of the flag")
	g.one(indexed("isMatch", "DX"))
	g.op("MOVL R14, %s", place)
	g.op("MOVL %s, DX", state)
	g.op("SHRL $4, DX")
	g.branch(indexed("isRep", "DX"), "rep")
	g.op("MOVQ (coder_rep+4)(%s), AX", self)
	g.op("MOVL coder_rep(%s), CX", self)
	g.op("MOVL CX, (coder_rep+4)(%s)", self)
	g.op("MOVQ AX, (coder_rep+8)(%s)", self)
	g.then(7, 10)
	g.op("LEAQ %s, %s", field("matchLen"), tree)
	g.op("MOVL $0, %s", known)
	g.op("JMP length")
}

// then sets the state after a literal was followed by this, or something else was.
func (g *generator) then(literal, other int) {
	g.op("CMPL %s, $(7*32)", state)
	g.op("MOVL $(%d*32), %s", other, state)
	g.op("MOVL $(%d*32), AX", literal)
	g.op("CMOVLCS AX, %s", state)
}

// repeated decodes which of the last distances a match has, and moves it to the front.
func (g *generator) repeated() {
	g.label("rep", "DX is the place of flags by state")
	g.one(indexed("isRep", "DX"))
	g.branch(indexed("isRepG0", "DX"), "older")
	g.op("MOVL %s, R14", place)
	g.op("LEAQ (%s)(R14*2), R14", state)
	g.branch(indexed("isRep0Long", "R14"), "long")
	g.single()

	g.label("long", "the last distance")
	g.one(indexed("isRep0Long", "R14"))
	g.op("JMP repeated")

	g.label("older", "not the last distance")
	g.one(indexed("isRepG0", "DX"))
	g.op("MOVL coder_rep(%s), R14", self)
	g.branch(indexed("isRepG1", "DX"), "oldest")
	g.op("MOVL (coder_rep+4)(%s), AX", self)
	g.op("JMP front")

	g.label("oldest", "none of the last two")
	g.one(indexed("isRepG1", "DX"))
	g.branch(indexed("isRepG2", "DX"), "fourth")
	g.op("MOVL (coder_rep+8)(%s), AX", self)
	g.op("MOVL (coder_rep+4)(%s), CX", self)
	g.op("MOVL CX, (coder_rep+8)(%s)", self)
	g.op("JMP front")

	g.label("fourth", "the last of all")
	g.one(indexed("isRepG2", "DX"))
	g.op("MOVL (coder_rep+12)(%s), AX", self)
	g.op("MOVQ (coder_rep+4)(%s), CX", self)
	g.op("MOVQ CX, (coder_rep+8)(%s)", self)

	g.label("front", "AX is the distance, R14 the one that was in front")
	g.op("MOVL AX, coder_rep(%s)", self)
	g.op("MOVL R14, (coder_rep+4)(%s)", self)

	g.label("repeated", "the distance is in front")
	g.then(8, 11)
	g.op("LEAQ %s, %s", field("repLen"), tree)
	g.op("MOVL $1, %s", known)
}

// single copies one byte from the last distance.
func (g *generator) single() {
	g.op("MOVL coder_rep(%s), AX", self)
	g.op("MOVQ %s, CX", dst)
	g.op("SUBQ %s, CX", window)
	g.op("CMPQ AX, CX")
	g.op("JCC bad")
	g.op("MOVQ %s, CX", dst)
	g.op("SUBQ AX, CX")
	g.op("MOVBLZX -1(CX), CX")
	g.op("MOVB CX, (%s)", dst)
	g.op("INCQ %s", dst)
	g.then(9, 11)
	g.op("JMP context")
}

// length decodes how long a match is.
func (g *generator) length() {
	g.label("length", "R15 is its model")
	g.op("MOVL %s, R14", place)
	g.op("SHLL $4, R14")
	g.branch("lengths_choice("+tree+")", "longer")
	g.op("LEAQ lengths_low(%s)(R14*1), %s", tree, tree)
	g.op("MOVL $(2-8), %s", length)

	g.label("short", "three bits")
	sym := g.bits(3, nil)
	g.op("ADDL %s, %s", length, sym)
	g.op("JMP distance")

	g.label("longer", "of 10 or more")
	g.one("lengths_choice(" + tree + ")")
	g.branch("(lengths_choice+2)("+tree+")", "longest")
	g.op("LEAQ lengths_mid(%s)(R14*1), %s", tree, tree)
	g.op("MOVL $(2+8-8), %s", length)
	g.op("JMP short")

	g.label("longest", "of 18 or more")
	g.one("(lengths_choice+2)(" + tree + ")")
	g.op("LEAQ lengths_high(%s), %s", tree, tree)
	g.op("LEAL (2+16-256)(%s), %s", g.bits(8, nil), sym)
	g.known(sym)
}

// known goes on with a match whose length is in register n: to decode its distance, unless it has one.
func (g *generator) known(n string) {
	g.label("distance", "")
	g.op("MOVL %s, %s", n, length)
	g.op("CMPL %s, $0", known)
	g.op("JNE repeat")
	g.op("SUBL $2, %s", n)
	g.op("MOVL $3, AX")
	g.op("CMPL %s, AX", n)
	g.op("CMOVLHI AX, %s", n)
	g.op("SHLL $7, %s", n)
	g.op("LEAQ %s(%s*1), %s", field("slot"), n, tree)
}

// distance decodes how far back a match is: by a slot, which stands for the highest two bits and how
// many follow.
func (g *generator) distance() {
	slot := g.bits(6, nil)
	g.op("SUBL $64, %s", slot)
	g.op("CMPL %s, $4", slot)
	g.op("JCS near")
	g.op("MOVL %s, CX", slot)
	g.op("SHRL $1, CX")
	g.op("DECL CX")
	g.op("MOVL %s, AX", slot)
	g.op("ANDL $1, AX")
	g.op("ORL $2, AX")
	g.op("CMPL %s, $14", slot)
	g.op("JCC far")
	g.modeled(slot)
	g.far()
	g.label("near", "the slot is the distance")
	g.op("MOVL %s, coder_rep(%s)", slot, self)
	g.op("JMP repeat")
}

// reversed is a table that has at 1<<k | b the k bits of b in the other order.
func (g *generator) reversed() {
	v := make([]int, 64)
	for m := range v {
		for b := m; b > 1; b >>= 1 {
			v[m] = v[m]<<1 | b&1
		}
	}
	g.table("reversed", 1, v)
}

// modeled decodes the low bits of a distance, the lowest first; AX is those above, CX how many, 1 to 5.
func (g *generator) modeled(slot string) {
	g.op("SHLL CX, AX")
	g.op("MOVL AX, coder_rep(%s)", self)
	g.op("MOVL CX, %s", count)
	g.op("SUBL %s, AX", slot)
	g.op("LEAQ %s(AX*2), %s", field("special"), tree)
	r := root
	g.op("MOVL $1, %s", r.sym)
	g.label("modeled", "a bit of the distance")
	g.op("MOVWLZX (%s)(%s*2), %s", tree, r.sym, r.prob)
	g.choose(r, true)
	g.op("MOVW %s, (%s)(%s*2)", r.prob, tree, r.sym)
	g.op("MOVL %s, %s", r.next, r.sym)
	g.op("DECL %s", count)
	g.op("JNE modeled")
	g.addReversed(r.sym)
}

func (g *generator) addReversed(sym string) {
	g.op("LEAQ reversed<>(SB), AX")
	g.op("MOVBLZX (AX)(%s*1), AX", sym)
	g.op("ADDL AX, coder_rep(%s)", self)
	g.op("JMP repeat")
}

// far decodes bits of no model, which halve the range, then the lowest four; AX is the bits above, CX
// how many there are.
func (g *generator) far() {
	g.label("far", "")
	g.op("MOVL AX, R14")
	g.op("LEAL -4(CX), R13")
	g.label("direct", "a bit of no model")
	g.fill()
	g.op("SHRL $1, %s", rng)
	g.op("MOVL %s, %s", code, saved)
	g.op("LEAL 1(R14)(R14*1), R14")
	g.op("SUBL %s, %s", rng, code) // carries for a 0
	g.op("CMOVLCS %s, %s", saved, code)
	g.op("SBBL $0, R14")
	g.op("DECL R13")
	g.op("JNE direct")
	g.op("SHLL $4, R14")
	g.op("MOVL R14, coder_rep(%s)", self)
	g.op("LEAQ %s, %s", field("align"), tree)
	g.addReversed(g.bits(4, nil))
}
