package main

import "fmt"

// Registers of a single bit.
const (
	bound = "AX" // where the range is split
	tmp   = "CX"
	saved = "BP"
	prob  = "R12" // the probability of a flag
)

// node is the registers of a bit in a tree, which change places from bit to bit.
type node struct {
	sym, next       string // its index, and that of the one below it
	prob, zero, one string // its probability, and those of the two that may be below it
}

var root = node{sym: "R11", next: "DX", prob: "R12", zero: "R13", one: "R14"}

// below is what the registers are for the next bit.
func (r node) below() node {
	return node{sym: r.next, next: r.sym, prob: r.one, zero: r.zero, one: r.prob}
}

// fill brings the range above its minimum.
func (g *generator) fill() {
	g.labels++
	filled := fmt.Sprintf("filled%d", g.labels)
	g.op("CMPL %s, $0x1000000", rng)
	g.op("JCC %s", filled)
	g.op("MOVBLZX (%s), %s", src, tmp)
	g.op("SHLL $8, %s", code)
	g.op("SHLL $8, %s", rng)
	g.op("ORL %s, %s", tmp, code)
	g.op("INCQ %s", src)
	g.line("%s:", filled)
}

// split leaves in bound where prob splits the range.
func (g *generator) split(prob string) {
	g.fill()
	g.op("MOVL %s, %s", rng, bound)
	g.op("SHRL $11, %s", bound)
	g.op("IMULL %s, %s", prob, bound)
}

// choose decodes a bit of a tree both ways and selects, and leaves the new probability in r.prob.
func (g *generator) choose(r node, last bool) {
	g.split(r.prob)
	g.op("SUBL %s, %s", bound, rng)
	g.op("MOVL %s, %s", code, saved)
	g.op("LEAL -2017(%s), %s", r.prob, tmp)
	g.op("LEAL 1(%s)(%s*1), %s", r.sym, r.sym, r.next)
	g.op("SUBL %s, %s", bound, code) // carries for a 0
	g.op("CMOVLCS %s, %s", saved, code)
	g.op("CMOVLCS %s, %s", bound, rng)
	if !last {
		g.op("CMOVLCS %s, %s", r.zero, r.one)
	}
	g.op("CMOVLCC %s, %s", r.prob, tmp)
	g.op("SBBL $0, %s", r.next)
	g.op("SARL $5, %s", tmp)
	g.op("SUBL %s, %s", tmp, r.prob)
}

// children loads the probabilities below r, where 1<<depth <= r.sym.
func (g *generator) children(r node, depth int) {
	if depth == 0 {
		g.op("MOVWLZX 4(%s), %s", tree, r.zero)
		g.op("MOVWLZX 6(%s), %s", tree, r.one)
		return
	}
	g.op("MOVWLZX (%s)(%s*4), %s", tree, r.sym, r.zero)
	g.op("MOVWLZX 2(%s)(%s*4), %s", tree, r.sym, r.one)
}

// bits decodes n bits of the tree and returns the register that holds them below a leading one.
// Where between is given it is called after each, and may use bound, tmp and saved.
func (g *generator) bits(n int, between func(decoded int, sym string)) string {
	r := root
	g.op("MOVL $1, %s", r.sym)
	g.op("MOVWLZX 2(%s), %s", tree, r.prob)
	for i := range n {
		last := i == n-1
		if !last {
			g.children(r, i)
		}
		g.choose(r, last)
		g.op("MOVW %s, (%s)(%s*2)", r.prob, tree, r.sym)
		r = r.below()
		if between != nil {
			between(i+1, r.sym)
		}
	}
	return r.sym
}

// branch decodes a flag, a bit that is predicted, with the probability at address. It jumps to set,
// where one goes on, for a 1.
func (g *generator) branch(address, set string) {
	g.op("MOVWLZX %s, %s", address, prob)
	g.split(prob)
	g.op("CMPL %s, %s", code, bound)
	g.op("JCC %s", set)
	g.op("MOVL %s, %s", bound, rng)
	g.op("LEAL -2017(%s), %s", prob, tmp)
	g.op("SARL $5, %s", tmp)
	g.op("SUBL %s, %s", tmp, prob)
	g.op("MOVW %s, %s", prob, address)
}

// one finishes what branch began.
func (g *generator) one(address string) {
	g.op("SUBL %s, %s", bound, rng)
	g.op("SUBL %s, %s", bound, code)
	g.op("MOVL %s, %s", prob, tmp)
	g.op("SHRL $5, %s", tmp)
	g.op("SUBL %s, %s", tmp, prob)
	g.op("MOVW %s, %s", prob, address)
}
