package main

// The registers. Range and code are 64 bits wide: the 32 bits of the format above 32 more, which are
// zeros in the range and the next four bytes of the source in the code. Filling up is thus a shift of
// both by eight, and the bytes need be fetched only once in four bits.
const (
	rng  = "R8"
	code = "R9"
	src  = "SI" // the next byte that is not in the upper half of code
	dst  = "DI" // the next byte to write
	self = "BX" // *coder
	tree = "R15"

	bound = "AX"
	tmp   = "CX"
	saved = "BP"
)

// The registers of bit trees, which change places from bit to bit.
type treeRegs struct {
	sym, next        string // the node, and the one below it
	prob, zero, ones string // its probability, and those of the two below it
}

var start = treeRegs{sym: "R11", next: "DX", prob: "R12", zero: "R13", ones: "R14"}

// below is what the registers are for the next bit.
func (r treeRegs) below() treeRegs {
	return treeRegs{sym: r.next, next: r.sym, prob: r.ones, zero: r.zero, ones: r.prob}
}

// normalize brings the range above its minimum.
func (g *generator) normalize() {
	l := g.fresh()
	g.op("CMPL %s, $0x1000000", rng)
	g.op("JCC %s", l)
	g.op("MOVBLZX (%s), %s", src, tmp)
	g.op("SHLL $8, %s", code)
	g.op("SHLL $8, %s", rng)
	g.op("ORL %s, %s", tmp, code)
	g.op("INCQ %s", src)
	g.label(l)
}

// split leaves in bound where the range is split by the probability.
func (g *generator) split(prob string) {
	g.normalize()
	g.op("MOVL %s, %s", rng, bound)
	g.op("SHRL $11, %s", bound)
	g.op("IMULL %s, %s", prob, bound)
}

// choose decodes a bit both ways and selects. It sets the carry for a 0, and leaves the new
// probability in prob.
func (g *generator) choose(r treeRegs, last bool) {
	g.split(r.prob)
	g.op("SUBL %s, %s", bound, rng)
	g.op("MOVL %s, %s", code, saved)
	g.op("LEAL -2017(%s), %s", r.prob, tmp)
	g.op("LEAL 1(%s)(%s*1), %s", r.sym, r.sym, r.next)
	g.op("SUBL %s, %s", bound, code)
	g.op("CMOVLCS %s, %s", saved, code)
	g.op("CMOVLCS %s, %s", bound, rng)
	if !last {
		g.op("CMOVLCS %s, %s", r.zero, r.ones)
	}
	g.op("CMOVLCC %s, %s", r.prob, tmp)
	g.op("SBBL $0, %s", r.next)
	g.op("SARL $5, %s", tmp)
	g.op("SUBL %s, %s", tmp, r.prob)
}

// bits decodes n bits of the tree at tree, from its root on; it returns the register that holds the
// bits below a leading one.
func (g *generator) bits(n int) string {
	r := start
	g.op("MOVL $1, %s", r.sym)
	g.op("MOVWLZX 2(%s), %s", tree, r.prob)
	for i := range n {
		last := i == n-1
		if !last {
			g.op("MOVWLZX (%s)(%s*4), %s", tree, r.sym, r.zero)
			g.op("MOVWLZX 2(%s)(%s*4), %s", tree, r.sym, r.ones)
		}
		g.choose(r, last)
		g.op("MOVW %s, (%s)(%s*2)", r.prob, tree, r.sym)
		r = r.below()
	}
	return r.sym
}

// branch decodes a bit with the probability at address and jumps to one for a 1.
func (g *generator) branch(address, one string) {
	g.flag(address)
	g.op("JCC %s", one)
	g.zero(address)
}

// flag compares code with bound for the probability at address, which it leaves in R12.
func (g *generator) flag(address string) {
	g.op("MOVWLZX %s, R12", address)
	g.split("R12")
	g.op("CMPL %s, %s", code, bound)
}

// zero and one finish what flag began.
func (g *generator) zero(address string) {
	g.op("MOVL %s, %s", bound, rng)
	g.op("MOVL $2048, %s", tmp)
	g.op("SUBL R12, %s", tmp)
	g.op("SHRL $5, %s", tmp)
	g.op("ADDL %s, R12", tmp)
	g.op("MOVW R12, %s", address)
}

func (g *generator) one(address string) {
	g.op("SUBL %s, %s", bound, rng)
	g.op("SUBL %s, %s", bound, code)
	g.op("MOVL R12, %s", tmp)
	g.op("SHRL $5, %s", tmp)
	g.op("SUBL %s, R12", tmp)
	g.op("MOVW R12, %s", address)
}
